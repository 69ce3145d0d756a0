use crate::claims::KeyId;
use crate::error::excerpt;
use crate::header::{ACCESS, Header, same_type};
use crate::payload::Payload;
use crate::{Claims, Genuine, KeyError, KeySet, VerifyError, VerifyingKey, base64url};

/// Verifies tokens of one issuer for one service (RFC 7519 section 7.2, RFC 8725, RFC 9068 section 4).
#[derive(Clone, Debug)]
pub struct Verifier {
    issuer: String,
    audiences: Vec<String>,
    typ: String,
    leeway: i64,
}

impl Verifier {
    /// Expects `issuer` exactly, and at least one of `audiences` in `aud`; without audiences nothing verifies.
    ///
    /// The type is `at+jwt`, an access token; the leeway 0.
    pub fn new(issuer: impl Into<String>, audiences: impl IntoIterator<Item: Into<String>>) -> Self {
        Self {
            issuer: issuer.into(),
            audiences: audiences.into_iter().map(Into::into).collect(),
            typ: ACCESS.into(),
            leeway: 0,
        }
    }

    /// Expects another `typ`, compared as a media type (RFC 7515 section 4.1.9); an empty one expects none.
    #[must_use]
    pub fn typ(mut self, typ: &str) -> Self {
        self.typ = typ.into();
        self
    }

    /// How many seconds the issuer's clock may differ, in `exp` and `nbf`.
    ///
    /// # Errors
    /// [`KeyError::Leeway`] above [`MAX_LEEWAY`].
    pub fn leeway(mut self, seconds: u32) -> Result<Self, KeyError> {
        if seconds > MAX_LEEWAY {
            return Err(KeyError::Leeway);
        }
        self.leeway = i64::from(seconds);
        Ok(self)
    }

    /// Verifies a token; `now` is in seconds since 1970.
    ///
    /// The signature is checked before any claim is judged.
    ///
    /// # Errors
    /// [`VerifyError`], the first rule that the token breaks.
    pub fn verify(&self, token: &str, keys: &KeySet, now: i64) -> Result<Claims, VerifyError> {
        let genuine = self.verify_genuine(token, keys)?;
        self.judge(genuine.payload(), now)?;
        Ok(Claims::new(genuine))
    }

    /// Verifies signature, issuer, type and structure; age and audience are not judged, `sub` and `exp` not required.
    ///
    /// For a receipt: the access token sent along with a refresh, a log-out with an expired token.
    ///
    /// # Errors
    /// [`VerifyError`], the first rule that the token breaks.
    pub fn verify_genuine(&self, token: &str, keys: &KeySet) -> Result<Genuine, VerifyError> {
        if token.len() > MAX_TOKEN {
            return Err(VerifyError::TooLarge);
        }
        let parts = Parts::split(token)?;
        let (key, kid) = self.find_key(parts.header, keys)?;

        if !is_signed(&parts, key)? {
            return Err(VerifyError::Signature);
        }

        let payload = utf8(base64url::decode(parts.payload).ok_or(VerifyError::Malformed("payload not base64url"))?)?;
        let payload = Payload::parse(payload)?;
        match payload.issuer() {
            None => Err(VerifyError::Missing { claim: "iss" }),
            Some(issuer) if issuer != self.issuer => Err(VerifyError::Issuer),
            Some(_) => Ok(Genuine::new(payload, kid)),
        }
    }

    /// The key that must have signed a token with this header, and the token's `kid`.
    fn find_key<'k>(&self, header: &str, keys: &'k KeySet) -> Result<(&'k VerifyingKey, KeyId), VerifyError> {
        // The usual header, byte by byte: its alg, kid and typ are known without parsing.
        if let Some(key) = keys.signer(header, &self.typ) {
            return Ok((key, KeyId::OfKey(key.clone())));
        }
        let header = utf8(base64url::decode(header).ok_or(VerifyError::Malformed("header not base64url"))?)?;
        let header = Header::parse(&header)?;
        let typ = header.typ.as_deref().unwrap_or_default();
        if !same_type(typ, &self.typ) {
            return Err(VerifyError::Type { found: excerpt(typ) });
        }
        let key = keys.lookup(&header)?;
        let kid = header.kid.as_deref();
        Ok((key, if kid == key.key_id() { KeyId::OfKey(key.clone()) } else { KeyId::Own(kid.map(Into::into)) }))
    }

    /// The claims that depend on when and where, and the presence of what an access token must have.
    fn judge(&self, payload: &Payload, now: i64) -> Result<(), VerifyError> {
        let missing = |claim| VerifyError::Missing { claim };
        if !payload.audiences().any(|audience| self.audiences.iter().any(|own| own == audience)) {
            return Err(if payload.has_audience() { VerifyError::Audience } else { missing("aud") });
        }
        payload.subject().ok_or(missing("sub"))?;
        let exp = payload.expires_at().ok_or(missing("exp"))?;
        if now >= exp.saturating_add(self.leeway) {
            return Err(VerifyError::Expired { at: exp });
        }
        if let Some(nbf) = payload.not_before().filter(|&nbf| now.saturating_add(self.leeway) < nbf) {
            return Err(VerifyError::NotYetValid { at: nbf });
        }
        if let Some(iat) = payload.issued_at().filter(|&iat| now.saturating_add(CLOCK_SKEW) < iat) {
            return Err(VerifyError::IssuedInFuture { at: iat });
        }
        Ok(())
    }
}

/// Whether the signature is the key's own.
fn is_signed(parts: &Parts<'_>, key: &VerifyingKey) -> Result<bool, VerifyError> {
    const MALFORMED: VerifyError = VerifyError::Malformed("signature not base64url");
    let mut buffer = [0; SHORT_SIGNATURE];
    let long;
    let signature = if base64url::decoded_len(parts.signature) <= SHORT_SIGNATURE {
        base64url::decode_into(parts.signature, &mut buffer).ok_or(MALFORMED)?
    } else {
        long = base64url::decode(parts.signature).ok_or(MALFORMED)?;
        &long
    };
    Ok(key.verify(parts.signed.as_bytes(), signature))
}

/// A compact JWS, cut at its dots (RFC 7515 section 7.1).
pub(crate) struct Parts<'a> {
    pub(crate) header: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) signature: &'a str,
    /// Header, dot and payload.
    pub(crate) signed: &'a str,
}

impl<'a> Parts<'a> {
    /// A third dot falls to the signature, which then is not base64url.
    pub(crate) fn split(token: &'a str) -> Result<Self, VerifyError> {
        const NOT_THREE: VerifyError = VerifyError::Malformed("not three parts");
        let mut dots = memchr::memchr_iter(b'.', token.as_bytes());
        let (first, second) = dots.next().zip(dots.next()).ok_or(NOT_THREE)?;
        let part = |range| token.get(range).ok_or(NOT_THREE);
        Ok(Self {
            header: part(0..first)?,
            payload: part(first + 1..second)?,
            signature: part(second + 1..token.len())?,
            signed: part(0..second)?,
        })
    }
}

pub(crate) fn utf8(bytes: Vec<u8>) -> Result<String, VerifyError> {
    String::from_utf8(bytes).map_err(|_| VerifyError::Malformed("not UTF-8"))
}

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN: usize = 16 * 1024;

/// The largest leeway, in seconds.
pub const MAX_LEEWAY: u32 = 60;

/// How far ahead an issuer's clock may be, in seconds.
const CLOCK_SKEW: i64 = 60;

/// That of RSA with 4096 bits: what is decoded without asking for memory.
const SHORT_SIGNATURE: usize = 512;
