//! The bare signature: what any library pays at least, from the fastest library that there is for it here. That is aws-lc
//! but for HMAC, where it is RustCrypto.

use std::hint::black_box;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, PqdsaKeyPair, RsaKeyPair, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokenry_jwt::{Algorithm, SigningKey};

/// Makes one call, the n-th.
pub(crate) type Call = Box<dyn Fn(usize)>;

/// Checks the signatures of tokens, which were taken apart before.
pub(crate) fn verify(key: &SigningKey, tokens: &[String]) -> Call {
    let parts = tokens.iter().map(|token| {
        let (message, signature) = token.rsplit_once('.').unwrap();
        (message.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(signature).unwrap())
    });
    let parts: Vec<(Vec<u8>, Vec<u8>)> = parts.collect();
    if key.algorithm() == Algorithm::Hs256 {
        let mac = Hmac::<Sha256>::new_from_slice(&key.to_bytes()).unwrap();
        return Box::new(move |at| {
            let (message, tag) = &parts[at % parts.len()];
            mac.clone().chain_update(black_box(message)).verify_slice(black_box(tag)).unwrap();
        });
    }
    let (algorithm, public) = public(key);
    let public = ParsedPublicKey::new(algorithm, public).unwrap();
    Box::new(move |at| {
        let (message, signature) = &parts[at % parts.len()];
        public.verify_sig(black_box(message), black_box(signature)).unwrap();
    })
}

/// Signs what a token's signature covers.
pub(crate) fn sign(key: &SigningKey, tokens: &[String]) -> Call {
    let messages: Vec<Vec<u8>> =
        tokens.iter().map(|token| token.rsplit_once('.').unwrap().0.as_bytes().to_vec()).collect();
    let (private, random) = (key.to_bytes(), SystemRandom::new());
    match key.algorithm() {
        Algorithm::Hs256 => {
            let mac = Hmac::<Sha256>::new_from_slice(&private).unwrap();
            Box::new(move |at| {
                _ = black_box(mac.clone().chain_update(black_box(&messages[at % messages.len()])).finalize())
            })
        }
        Algorithm::Rs256 => {
            let key = RsaKeyPair::from_pkcs8(&private).unwrap();
            Box::new(move |at| {
                let mut out = vec![0; key.public_modulus_len()];
                key.sign(&signature::RSA_PKCS1_SHA256, &random, black_box(&messages[at % messages.len()]), &mut out)
                    .unwrap();
                black_box(out);
            })
        }
        Algorithm::Es256 => {
            let key = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &private).unwrap();
            Box::new(move |at| _ = black_box(key.sign(&random, black_box(&messages[at % messages.len()])).unwrap()))
        }
        Algorithm::EdDsa => {
            let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&private).unwrap();
            Box::new(move |at| _ = black_box(key.sign(black_box(&messages[at % messages.len()]))))
        }
        _ => {
            let key = PqdsaKeyPair::from_pkcs8(&signature::ML_DSA_44_SIGNING, &private).unwrap();
            Box::new(move |at| {
                let mut out = vec![0; key.algorithm().signature_len()];
                key.sign(black_box(&messages[at % messages.len()]), &mut out).unwrap();
                black_box(out);
            })
        }
    }
}

fn public(key: &SigningKey) -> (&'static dyn VerificationAlgorithm, Vec<u8>) {
    let der = key.to_bytes();
    match key.algorithm() {
        Algorithm::Rs256 => {
            let pair = RsaKeyPair::from_pkcs8(&der).unwrap();
            (&signature::RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref().to_vec())
        }
        Algorithm::Es256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
            (&signature::ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref().to_vec())
        }
        Algorithm::EdDsa => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap();
            (&signature::ED25519, pair.public_key().as_ref().to_vec())
        }
        _ => {
            let pair = PqdsaKeyPair::from_pkcs8(&signature::ML_DSA_44_SIGNING, &der).unwrap();
            (&signature::ML_DSA_44, pair.public_key().as_ref().to_vec())
        }
    }
}
