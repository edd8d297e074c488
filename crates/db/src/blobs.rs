//! Blobs by content: a folder in which each file bears the SHA-256 of what it holds. Pictures, attachments, exports.
//!
//! What is put is on disk when `put` returns, whole or not at all.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};

/// The SHA-256 of a blob, 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(String);

impl BlobId {
    /// `None` if the text is not 64 lower-case hexadecimal digits; so no id ever leaves the folder.
    pub fn parse(text: &str) -> Option<BlobId> {
        let hex = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        hex.then(|| BlobId(text.to_owned()))
    }

    pub fn of(bytes: &[u8]) -> BlobId {
        BlobId(digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug)]
pub enum BlobError {
    TooLarge {
        bytes_max: u64,
    },
    /// There is no such blob.
    Missing,
    /// The file does not hold what its name says.
    Damaged,
    Disk(io::Error),
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> BlobError {
        match error.kind() {
            io::ErrorKind::NotFound => BlobError::Missing,
            _ => BlobError::Disk(error),
        }
    }
}

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BlobError::TooLarge { bytes_max } => write!(f, "larger than {bytes_max} bytes"),
            BlobError::Missing => f.write_str("there is no such blob"),
            BlobError::Damaged => f.write_str("the blob is damaged"),
            BlobError::Disk(error) => write!(f, "the disk failed: {error}"),
        }
    }
}

impl std::error::Error for BlobError {}

/// The folder. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Blobs {
    root: Arc<PathBuf>,
    bytes_max: u64,
}

impl Blobs {
    /// Makes the folder if it is not there, and clears what a crash left half-written.
    pub(crate) fn open(root: &Path, bytes_max: u64) -> Result<Blobs, BlobError> {
        let coming = root.join("coming");
        fs::create_dir_all(&coming)?;
        let yesterday = std::time::SystemTime::now() - std::time::Duration::from_secs(24 * 3600);
        for entry in fs::read_dir(&coming)? {
            let entry = entry?;
            // Younger ones may be another process's, in the making.
            if entry.metadata()?.modified()? < yesterday {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Blobs { root: Arc::new(root.to_owned()), bytes_max })
    }

    pub fn put(&self, bytes: &[u8]) -> Result<BlobId, BlobError> {
        if bytes.len() as u64 > self.bytes_max {
            return Err(BlobError::TooLarge { bytes_max: self.bytes_max });
        }
        let id = BlobId::of(bytes);
        let path = self.path(&id);
        if fs::metadata(&path).is_ok_and(|file| file.len() == bytes.len() as u64) {
            return Ok(id);
        }
        let folder = self.root.join(&id.0[..2]).join(&id.0[2..4]);
        if !folder.is_dir() {
            fs::create_dir_all(&folder)?;
            sync_folder(&self.root)?;
            sync_folder(&self.root.join(&id.0[..2]))?;
        }
        let coming = self.root.join("coming").join(crate::Id::fresh().as_str());
        let written = write_synced(&coming, bytes).and_then(|()| fs::rename(&coming, &path));
        if let Err(error) = written {
            let _gone = fs::remove_file(&coming);
            return Err(BlobError::Disk(error));
        }
        sync_folder(&folder)?;
        Ok(id)
    }

    /// Reads a blob and checks it against its name.
    pub fn get(&self, id: &BlobId) -> Result<Vec<u8>, BlobError> {
        let bytes = fs::read(self.path(id))?;
        if BlobId::of(&bytes) != *id {
            return Err(BlobError::Damaged);
        }
        Ok(bytes)
    }

    /// Deletes a blob; one that is not there is no error. The caller knows that nothing names it any more.
    pub fn delete(&self, id: &BlobId) -> Result<(), BlobError> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BlobError::Disk(error)),
            _ => Ok(()),
        }
    }

    /// Where a blob lies, e.g. to stream it.
    pub fn path(&self, id: &BlobId) -> PathBuf {
        self.root.join(&id.0[..2]).join(&id.0[2..4]).join(&id.0)
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
