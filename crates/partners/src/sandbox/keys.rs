//! The keys of both ends, made at the first start and exchanged through files.
//!
//! A real merchant makes its own key pair and pastes the public half into the platform's console, and copies the
//! platform's public key from there; here both sides find both halves in one directory. Whoever starts first makes what
//! is missing; two processes that start together agree, for each file is created once and then only read.

use crate::alipay::AlipayConfig;
use crate::logistics::LogisticsConfig;
use crate::sms::SmsConfig;
use crate::{Limits, Partner, PrivateKey, PublicKey, SharedSecret};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The merchant's application and account at the sandbox's payment platform.
pub const APP_ID: &str = "2021000000000001";
pub const SELLER_ID: &str = "2088000000000001";
/// The merchant's key id at the waybill platform and the text message gateway.
pub const KEY_ID: &str = "hanse";

/// Both ends' keys.
pub struct SandboxKeys {
    directory: PathBuf,
    merchant_private: Zeroizing<String>,
    alipay_private: Zeroizing<String>,
    logistics: SharedSecret,
    logistics_push: SharedSecret,
    sms: SharedSecret,
}

impl SandboxKeys {
    /// Reads the keys in `directory`, making what is missing: `merchant-private.pem`, `merchant-public.pem`,
    /// `alipay-private.pem`, `alipay-public.pem`, `logistics-secret.txt`, `logistics-push-secret.txt`, `sms-secret.txt`.
    /// Private ones are readable by their owner only.
    pub fn ensure(directory: &Path) -> io::Result<SandboxKeys> {
        fs::create_dir_all(directory)?;
        let private = |name: &str| once(&directory.join(name), || PrivateKey::generate().write());
        let secret = |name: &str| {
            let text = once(&directory.join(name), SharedSecret::generate)?;
            SharedSecret::read(&text).map_err(unreadable)
        };
        let keys = SandboxKeys {
            merchant_private: private("merchant-private.pem")?,
            alipay_private: private("alipay-private.pem")?,
            logistics: secret("logistics-secret.txt")?,
            logistics_push: secret("logistics-push-secret.txt")?,
            sms: secret("sms-secret.txt")?,
            directory: directory.to_owned(),
        };
        let public = |name: &str, key: PrivateKey| {
            once(&directory.join(name), || Zeroizing::new(key.public().write())).map(drop)
        };
        public("merchant-public.pem", keys.merchant_private()?)?;
        public("alipay-public.pem", keys.alipay_private()?)?;
        Ok(keys)
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn merchant_private(&self) -> io::Result<PrivateKey> {
        PrivateKey::read(&self.merchant_private).map_err(unreadable)
    }

    pub fn merchant_public(&self) -> io::Result<PublicKey> {
        Ok(self.merchant_private()?.public())
    }

    pub fn alipay_private(&self) -> io::Result<PrivateKey> {
        PrivateKey::read(&self.alipay_private).map_err(unreadable)
    }

    pub fn alipay_public(&self) -> io::Result<PublicKey> {
        Ok(self.alipay_private()?.public())
    }

    pub fn logistics_secret(&self) -> SharedSecret {
        self.logistics.clone()
    }

    pub fn logistics_push_secret(&self) -> SharedSecret {
        self.logistics_push.clone()
    }

    pub fn sms_secret(&self) -> SharedSecret {
        self.sms.clone()
    }

    /// The configuration by which an adapter reaches the sandbox at `base` (`http://127.0.0.1:7900`).
    pub fn alipay_config(&self, base: &str, notify_url: &str, partner: Partner) -> io::Result<AlipayConfig> {
        Ok(AlipayConfig {
            partner,
            gateway: format!("{base}/alipay/gateway.do"),
            app_id: APP_ID.to_owned(),
            seller_id: SELLER_ID.to_owned(),
            merchant_private_key: self.merchant_private()?,
            alipay_public_key: self.alipay_public()?,
            notify_url: notify_url.to_owned(),
            limits: Limits::default(),
        })
    }

    pub fn logistics_config(&self, base: &str, push_url: &str, partner: Partner) -> LogisticsConfig {
        LogisticsConfig {
            partner,
            base: format!("{base}/logistics"),
            key_id: KEY_ID.to_owned(),
            secret: self.logistics_secret(),
            push_secret: self.logistics_push_secret(),
            push_url: push_url.to_owned(),
            limits: Limits::default(),
        }
    }

    pub fn sms_config(&self, base: &str, partner: Partner) -> SmsConfig {
        SmsConfig {
            partner,
            base: format!("{base}/sms"),
            key_id: KEY_ID.to_owned(),
            secret: self.sms_secret(),
            limits: Limits::default(),
        }
    }
}

/// The content of the file at `path`, which is made whole or not at all if it is missing.
fn once(path: &Path, make: impl FnOnce() -> Zeroizing<String>) -> io::Result<Zeroizing<String>> {
    if !path.exists() {
        let draft = path.with_extension(format!("{}.new", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        file.write_all(make().as_bytes())?;
        file.sync_all()?;
        // A link, unlike a rename, does not replace what another process made meanwhile.
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => fs::remove_file(&draft)?,
        }
    }
    fs::read_to_string(path).map(Zeroizing::new)
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_find_the_same_keys_whoever_starts_first() {
        let directory = tempfile::tempdir().unwrap();
        let starts: Vec<_> = (0..4)
            .map(|_| {
                let path = directory.path().to_owned();
                std::thread::spawn(move || SandboxKeys::ensure(&path).unwrap().merchant_private.clone())
            })
            .map(|thread| thread.join().unwrap())
            .collect();
        assert!(starts.iter().all(|key| **key == *starts[0]));
        let names: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 7, "{names:?}");
    }
}
