//! RSA2, the payment platform's name for SHA256withRSA (PKCS#1 v1.5), and its key files.
//!
//! The platform's tool writes keys as one line of base64 without a header, as PKCS#8 for Java and PKCS#1 for others;
//! other tools write PEM. All of these are read.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use aws_lc_rs::{rand::SystemRandom, signature::ParsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use std::fmt;
use zeroize::Zeroizing;

/// A text that holds no key of 2048 bits or more in a form that is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAKey;

impl fmt::Display for NotAKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an RSA key of at least 2048 bits, as PEM or base64 of PKCS#8 or PKCS#1")
    }
}

impl std::error::Error for NotAKey {}

pub struct PrivateKey(KeyPair);

#[derive(Clone)]
pub struct PublicKey(Vec<u8>);

impl PrivateKey {
    /// A fresh key of 2048 bits, the size that the platform asks for.
    pub fn generate() -> PrivateKey {
        // Generation fails only where the system has no randomness left to give: then nothing here may go on.
        PrivateKey(KeyPair::generate(KeySize::Rsa2048).expect("the system gives randomness"))
    }

    pub fn read(text: &str) -> Result<PrivateKey, NotAKey> {
        let der = Zeroizing::new(der_of(text)?);
        KeyPair::from_pkcs8(&der).or_else(|_| KeyPair::from_der(&der)).map(PrivateKey).map_err(|_| NotAKey)
    }

    /// PKCS#8 PEM.
    pub fn write(&self) -> Zeroizing<String> {
        let der = self.0.as_der().expect("a key that was made or read can be written");
        Zeroizing::new(pem("PRIVATE KEY", der.as_ref()))
    }

    pub fn public(&self) -> PublicKey {
        let der = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der>::as_der(self.0.public_key());
        PublicKey(der.expect("a public key can be written").as_ref().to_vec())
    }

    /// The signature of `text`, in base64.
    pub fn sign(&self, text: &str) -> String {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .expect("the buffer has the key's size");
        BASE64.encode(signature)
    }
}

impl PublicKey {
    pub fn read(text: &str) -> Result<PublicKey, NotAKey> {
        let der = der_of(text)?;
        // Parsed once to refuse what is no key now, instead of at the first notification.
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der.clone()).map_err(|_| NotAKey)?;
        Ok(PublicKey(der))
    }

    /// SPKI PEM.
    pub fn write(&self) -> String {
        pem("PUBLIC KEY", &self.0)
    }

    pub fn verifies(&self, text: &str, signature: &str) -> bool {
        let Ok(signature) = BASE64.decode(signature) else { return false };
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0).verify(text.as_bytes(), &signature).is_ok()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey")
    }
}

fn der_of(text: &str) -> Result<Vec<u8>, NotAKey> {
    let body: Zeroizing<String> =
        Zeroizing::new(text.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect());
    BASE64.decode(body.as_bytes()).map_err(|_| NotAKey)
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = Zeroizing::new(BASE64.encode(der));
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made once with OpenSSL: `openssl genrsa 2048`, `openssl rsa -traditional`, `openssl rsa -pubout`, and
    // `printf %s TEXT | openssl dgst -sha256 -sign pkcs8.pem | base64 -w0`. The key guards nothing.
    const PKCS8: &str = include_str!("../tests/vectors/pkcs8.pem");
    const PKCS1: &str = include_str!("../tests/vectors/pkcs1.pem");
    const PUBLIC: &str = include_str!("../tests/vectors/public.pem");
    const SIGNATURE: &str = include_str!("../tests/vectors/signature.txt");
    const TEXT: &str = r#"app_id=2021000000000001&biz_content={"subject":"纽扣 & buttons"}&method=alipay.trade.query"#;

    fn bare(pem: &str) -> String {
        pem.lines().filter(|line| !line.starts_with("-----")).collect()
    }

    #[test]
    fn our_signature_is_the_one_that_openssl_makes() {
        for text in [PKCS8.to_owned(), PKCS1.to_owned(), bare(PKCS8), bare(PKCS1)] {
            let key = PrivateKey::read(&text).unwrap();
            assert_eq!(key.sign(TEXT), SIGNATURE.trim());
            assert_eq!(key.public().write(), PUBLIC);
        }
    }

    #[test]
    fn only_the_very_text_and_the_very_signature_verify() {
        for text in [PUBLIC.to_owned(), bare(PUBLIC)] {
            let key = PublicKey::read(&text).unwrap();
            assert!(key.verifies(TEXT, SIGNATURE.trim()));
            assert!(!key.verifies(&TEXT.replace("query", "close"), SIGNATURE.trim()));
            assert!(!key.verifies(TEXT, "AAAA"));
            assert!(!key.verifies(TEXT, "not base64"));
            assert!(!key.verifies(TEXT, ""));
        }
        let other = PrivateKey::generate();
        assert!(!other.public().verifies(TEXT, SIGNATURE.trim()));
    }

    #[test]
    fn a_written_key_is_read_again_and_nonsense_is_not() {
        let key = PrivateKey::generate();
        let again = PrivateKey::read(&key.write()).unwrap();
        assert!(PublicKey::read(&key.public().write()).unwrap().verifies("x", &again.sign("x")));
        for nonsense in ["", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", "AAAA", PUBLIC] {
            assert!(PrivateKey::read(nonsense).is_err());
        }
        assert!(PublicKey::read(PKCS8).is_err());
    }
}
