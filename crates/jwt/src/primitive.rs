//! The seam to aws-lc-rs: key pairs, public keys, randomness and SHA-256.

#[cfg(feature = "ml-dsa")]
mod ml_dsa;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self as aws, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RsaKeyPair, RsaPublicKeyComponents,
    RsaSubjectPublicKey,
};
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::{Algorithm, KeyError};

/// What verifies: a secret made ready, or a parsed public key.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "one per key, and the secret is read at every token")]
pub(crate) enum Verifying {
    Secret(Secret),
    Public(ParsedPublicKey),
}

/// A private key with its public half.
pub(crate) enum KeyPair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    #[cfg(feature = "ml-dsa")]
    MlDsa(aws::PqdsaKeyPair),
}

/// A public key's numbers, big-endian, as a JWK has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    P256 {
        x: Vec<u8>,
        y: Vec<u8>,
    },
    P384 {
        x: Vec<u8>,
        y: Vec<u8>,
    },
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    Ed25519 {
        x: Vec<u8>,
    },
    /// RFC 9964 section 4: the algorithm is part of the key.
    #[cfg(feature = "ml-dsa")]
    MlDsa {
        algorithm: Algorithm,
        key: Vec<u8>,
    },
}

impl Verifying {
    pub(crate) fn public(algorithm: Algorithm, numbers: &Numbers) -> Result<Self, KeyError> {
        numbers.check(algorithm)?;
        let malformed = |_| KeyError::Malformed("not a public key");
        let key = match numbers {
            Numbers::P256 { x, y } | Numbers::P384 { x, y } => {
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                ParsedPublicKey::new(verification(algorithm)?, point)
            }
            Numbers::Ed25519 { x } => ParsedPublicKey::new(&aws::ED25519, x),
            #[cfg(feature = "ml-dsa")]
            Numbers::MlDsa { key, .. } => ParsedPublicKey::new(verification(algorithm)?, key),
            Numbers::Rsa { n, e } => RsaPublicKeyComponents { n, e }.to_parsed_public_key(rsa_verification(algorithm)?),
        };
        Ok(Self::Public(key.map_err(malformed)?))
    }

    /// The same key, made ready for messages that begin like this.
    pub(crate) fn expecting(&self, beginning: &[u8]) -> Self {
        match self {
            Self::Public(key) => Self::Public(key.clone()),
            Self::Secret(secret) => Self::Secret(secret.expecting(beginning)),
        }
    }

    /// The tag of `message`; `None` for a public key.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Public(_) => None,
            Self::Secret(secret) => Some(secret.sign(message)),
        }
    }

    /// Whether `signature` is this key's signature of `message`; secrets are compared in constant time.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Public(key) => key.verify_sig(message, signature).is_ok(),
            Self::Secret(secret) => secret.verify(message, signature),
        }
    }
}

impl KeyPair {
    /// A new one.
    pub(crate) fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Generate;
        Ok(match algorithm {
            Algorithm::Es256 | Algorithm::Es384 => {
                Self::Ec(EcdsaKeyPair::generate(ec_signing(algorithm)?).map_err(failed)?)
            }
            Algorithm::EdDsa => Self::Ed(Ed25519KeyPair::generate().map_err(failed)?),
            #[cfg(feature = "ml-dsa")]
            _ if let Some(parameters) = ml_dsa::signing(algorithm) => {
                Self::MlDsa(aws::PqdsaKeyPair::generate(parameters).map_err(failed)?)
            }
            _ if algorithm.is_symmetric() => return Err(KeyError::Mismatch { algorithm }),
            _ => Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?),
        })
    }

    pub(crate) fn pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let malformed = |_| KeyError::Malformed("not a PKCS#8 key of the algorithm's type");
        Ok(match algorithm {
            _ if algorithm.is_symmetric() => return Err(KeyError::Mismatch { algorithm }),
            Algorithm::Es256 | Algorithm::Es384 => {
                Self::Ec(EcdsaKeyPair::from_pkcs8(ec_signing(algorithm)?, der).map_err(malformed)?)
            }
            Algorithm::EdDsa => Self::Ed(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(malformed)?),
            #[cfg(feature = "ml-dsa")]
            _ if let Some(parameters) = ml_dsa::signing(algorithm) => {
                Self::MlDsa(aws::PqdsaKeyPair::from_pkcs8(parameters, der).map_err(malformed)?)
            }
            _ => Self::rsa(algorithm, RsaKeyPair::from_pkcs8(der).map_err(malformed)?)?,
        })
    }

    /// The older encodings that OpenSSL writes: PKCS#1 for RSA, RFC 5915 for elliptic curves.
    pub(crate) fn traditional(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let malformed = |_| KeyError::Malformed("not a private key of the algorithm's type");
        Ok(match algorithm {
            _ if algorithm.is_symmetric() => return Err(KeyError::Mismatch { algorithm }),
            Algorithm::Es256 | Algorithm::Es384 => {
                Self::Ec(EcdsaKeyPair::from_private_key_der(ec_signing(algorithm)?, der).map_err(malformed)?)
            }
            Algorithm::EdDsa => return Err(KeyError::Mismatch { algorithm }),
            _ if rsa_signing(algorithm).is_none() => return Err(KeyError::Mismatch { algorithm }),
            _ => Self::rsa(algorithm, RsaKeyPair::from_der(der).map_err(malformed)?)?,
        })
    }

    fn rsa(algorithm: Algorithm, key: RsaKeyPair) -> Result<Self, KeyError> {
        let n = key.public_key().modulus();
        check_modulus(algorithm, n.big_endian_without_leading_zero())?;
        Ok(Self::Rsa(key))
    }

    /// PKCS#8 in DER.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let failed = |_| KeyError::Generate;
        Ok(Zeroizing::new(match self {
            Self::Rsa(key) => key.as_der().map_err(failed)?.as_ref().to_vec(),
            Self::Ec(key) => key.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            Self::Ed(key) => key.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(key) => key.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
        }))
    }

    /// The public half.
    pub(crate) fn numbers(&self) -> Option<Numbers> {
        match self {
            Self::Rsa(key) => Some(rsa_numbers(key.public_key())),
            Self::Ec(key) => Numbers::point(key.public_key().as_ref()),
            Self::Ed(key) => Some(Numbers::Ed25519 { x: key.public_key().as_ref().to_vec() }),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(key) => Some(ml_dsa::numbers(key)),
        }
    }

    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(rsa_signing(algorithm)?, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
            Self::Ec(key) => Some(key.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec()),
            Self::Ed(key) => Some(key.try_sign(message).ok()?.as_ref().to_vec()),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(key) => {
                let mut signature = vec![0; key.algorithm().signature_len()];
                key.sign(message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }
}

impl Numbers {
    /// From a SubjectPublicKeyInfo in its one DER encoding.
    pub(crate) fn from_spki(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let malformed = KeyError::Malformed("not a SubjectPublicKeyInfo of the algorithm's type");
        let key = ParsedPublicKey::new(verification(algorithm)?, der).map_err(|_| malformed.clone())?;
        // The parser also takes bare points and PKCS#1; only what it would write itself is the key that was meant.
        let canonical: PublicKeyX509Der<'_> = key.as_der().map_err(|_| malformed.clone())?;
        if canonical.as_ref() != der {
            return Err(malformed);
        }
        let tail = |length| der.len().checked_sub(length).and_then(|at| der.get(at..));
        let numbers = match algorithm {
            Algorithm::EdDsa => tail(32).map(|x| Self::Ed25519 { x: x.to_vec() }),
            Algorithm::Es256 => tail(65).and_then(Self::point),
            Algorithm::Es384 => tail(97).and_then(Self::point),
            #[cfg(feature = "ml-dsa")]
            _ if let Some(parameters) = ml_dsa::signing(algorithm) => {
                tail(parameters.public_key_len()).map(|key| Self::MlDsa { algorithm, key: key.to_vec() })
            }
            _ => RsaSubjectPublicKey::from_der(der).ok().as_ref().map(rsa_numbers),
        };
        numbers.ok_or(malformed)
    }

    /// From an uncompressed point (SEC 1 section 2.3.3).
    fn point(point: &[u8]) -> Option<Self> {
        let (4, xy) = point.split_first().map(|(form, xy)| (*form, xy))? else {
            return None;
        };
        let (x, y) = xy.split_at_checked(xy.len() / 2)?;
        match xy.len() {
            64 => Some(Self::P256 { x: x.to_vec(), y: y.to_vec() }),
            96 => Some(Self::P384 { x: x.to_vec(), y: y.to_vec() }),
            _ => None,
        }
    }

    /// Whether a key of these numbers may be used with `algorithm`.
    pub(crate) fn check(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        match (self, algorithm) {
            (Self::P256 { x, y }, Algorithm::Es256) if x.len() == 32 && y.len() == 32 => Ok(()),
            (Self::P384 { x, y }, Algorithm::Es384) if x.len() == 48 && y.len() == 48 => Ok(()),
            (Self::Ed25519 { x }, Algorithm::EdDsa) if x.len() == 32 => Ok(()),
            #[cfg(feature = "ml-dsa")]
            (Self::MlDsa { algorithm: own, key }, _) if *own == algorithm => ml_dsa::check(algorithm, key),
            (Self::Rsa { n, e }, _) if rsa_verification(algorithm).is_ok() => {
                check_exponent(e)?;
                check_modulus(algorithm, n)
            }
            _ => Err(KeyError::Mismatch { algorithm }),
        }
    }

    /// The algorithm that the key type implies; RSA implies none.
    pub(crate) fn implied(&self) -> Option<Algorithm> {
        match self {
            Self::P256 { .. } => Some(Algorithm::Es256),
            Self::P384 { .. } => Some(Algorithm::Es384),
            Self::Ed25519 { .. } => Some(Algorithm::EdDsa),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa { algorithm, .. } => Some(*algorithm),
            Self::Rsa { .. } => None,
        }
    }
}

pub(crate) fn random(length: usize) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    rand::fill(&mut bytes).map_err(|_| KeyError::Generate)?;
    Ok(bytes)
}

pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

fn rsa_numbers(key: &RsaSubjectPublicKey) -> Numbers {
    Numbers::Rsa {
        n: key.modulus().big_endian_without_leading_zero().to_vec(),
        e: key.exponent().big_endian_without_leading_zero().to_vec(),
    }
}

/// RFC 7518 section 3.3: 2048 bits or more.
fn check_modulus(algorithm: Algorithm, n: &[u8]) -> Result<(), KeyError> {
    let zeros = n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = n.len() * 8 - zeros;
    match bits {
        2048..=8192 => Ok(()),
        0..2048 => Err(KeyError::TooShort { algorithm, bits, minimum: 2048 }),
        _ => Err(KeyError::Unsupported),
    }
}

/// Odd, 3 or more, without leading zeros, in 64 bits: with 1 every message would be its own signature.
fn check_exponent(e: &[u8]) -> Result<(), KeyError> {
    match e {
        [0, ..] | [1] => Err(KeyError::Malformed("RSA exponent")),
        [.., last] if e.len() <= 8 && last % 2 == 1 => Ok(()),
        _ => Err(KeyError::Malformed("RSA exponent")),
    }
}

fn verification(algorithm: Algorithm) -> Result<&'static dyn aws::VerificationAlgorithm, KeyError> {
    Ok(match algorithm {
        Algorithm::Es256 => &aws::ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &aws::ECDSA_P384_SHA384_FIXED,
        Algorithm::EdDsa => &aws::ED25519,
        #[cfg(feature = "ml-dsa")]
        _ if let Some(parameters) = ml_dsa::verification(algorithm) => parameters,
        _ => rsa_verification(algorithm)?,
    })
}

fn rsa_verification(algorithm: Algorithm) -> Result<&'static aws::RsaParameters, KeyError> {
    Ok(match algorithm {
        Algorithm::Rs256 => &aws::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &aws::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &aws::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &aws::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &aws::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &aws::RSA_PSS_2048_8192_SHA512,
        _ => return Err(KeyError::Mismatch { algorithm }),
    })
}

fn ec_signing(algorithm: Algorithm) -> Result<&'static aws::EcdsaSigningAlgorithm, KeyError> {
    match algorithm {
        Algorithm::Es256 => Ok(&aws::ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::Es384 => Ok(&aws::ECDSA_P384_SHA384_FIXED_SIGNING),
        _ => Err(KeyError::Mismatch { algorithm }),
    }
}

fn rsa_signing(algorithm: Algorithm) -> Option<&'static dyn aws::RsaEncoding> {
    Some(match algorithm {
        Algorithm::Rs256 => &aws::RSA_PKCS1_SHA256,
        Algorithm::Rs384 => &aws::RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &aws::RSA_PKCS1_SHA512,
        Algorithm::Ps256 => &aws::RSA_PSS_SHA256,
        Algorithm::Ps384 => &aws::RSA_PSS_SHA384,
        Algorithm::Ps512 => &aws::RSA_PSS_SHA512,
        _ => return None,
    })
}
