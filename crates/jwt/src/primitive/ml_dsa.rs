use aws_lc_rs::signature::{
    self as aws, KeyPair as _, PqdsaKeyPair, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm,
};

use super::Numbers;
use crate::{Algorithm, KeyError};

/// The parameter set of an ML-DSA algorithm (FIPS 204), for signing.
pub(super) fn signing(algorithm: Algorithm) -> Option<&'static PqdsaSigningAlgorithm> {
    match algorithm {
        Algorithm::MlDsa44 => Some(&aws::ML_DSA_44_SIGNING),
        Algorithm::MlDsa65 => Some(&aws::ML_DSA_65_SIGNING),
        Algorithm::MlDsa87 => Some(&aws::ML_DSA_87_SIGNING),
        _ => None,
    }
}

pub(super) fn verification(algorithm: Algorithm) -> Option<&'static PqdsaVerificationAlgorithm> {
    match algorithm {
        Algorithm::MlDsa44 => Some(&aws::ML_DSA_44),
        Algorithm::MlDsa65 => Some(&aws::ML_DSA_65),
        Algorithm::MlDsa87 => Some(&aws::ML_DSA_87),
        _ => None,
    }
}

pub(super) fn numbers(key: &PqdsaKeyPair) -> Numbers {
    let of = |algorithm: &Algorithm| signing(*algorithm) == Some(key.algorithm());
    let own = [Algorithm::MlDsa44, Algorithm::MlDsa65].into_iter().find(of);
    Numbers::MlDsa { algorithm: own.unwrap_or(Algorithm::MlDsa87), key: key.public_key().as_ref().to_vec() }
}

/// Whether `key` is as long as a public key of `algorithm` (FIPS 204 table 2).
pub(super) fn check(algorithm: Algorithm, key: &[u8]) -> Result<(), KeyError> {
    match signing(algorithm) {
        Some(parameters) if parameters.public_key_len() == key.len() => Ok(()),
        _ => Err(KeyError::Mismatch { algorithm }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::jwk::thumbprint;

    /// The keys of RFC 9964 appendix A, made from a seed of zeros.
    #[test]
    fn public_keys_and_thumbprints_of_the_rfc() {
        for (algorithm, expected) in [
            (Algorithm::MlDsa44, "T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o"),
            (Algorithm::MlDsa65, "Suiu29qbfuaBaR4Ats-c6XQBePB_OpAxAwcTR_0KXVM"),
        ] {
            let key = PqdsaKeyPair::from_seed(signing(algorithm).unwrap(), &[0; 32]).unwrap();
            assert_eq!(thumbprint(&numbers(&key)), expected);
        }
    }
}
