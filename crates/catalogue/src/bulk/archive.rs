//! The archive of pictures: found by name, and unpacked one by one within limits, so that a few bytes cannot become
//! many.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use encoding_rs::GB18030;
use pictures::Unfit;
use zip::ZipArchive;
use zip::read::Config;
use zip::unstable::read::ZipIterable;

use super::mistake::Wrong;
use crate::picture::BYTES_MAX;

pub const ARCHIVE_BYTES_MAX: usize = 128 * 1024 * 1024;
pub const ENTRIES_MAX: usize = 5_000;
/// Unpacked in one run of an import; pictures are packed already and hardly grow.
const UNPACKED_MAX: u64 = 1024 * 1024 * 1024;
/// So many times its packed size a picture may be: an honest one is hardly twice.
const RATIO_MAX: u64 = 50;
/// Below this size the ratio says nothing.
const SMALL: u64 = 64 * 1024;

/// The file is no archive that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotAnArchive;

/// Whether an upload is an archive that an import can open; asked before it is stored.
pub fn is_archive(bytes: &[u8]) -> bool {
    open(std::io::Cursor::new(bytes)).is_ok()
}

/// Its directory is walked before it is held: fifty bytes there become some hundreds in memory, and an archive of the size
/// that is taken has room for millions of them.
fn open<R: Read + Seek>(mut reader: R) -> Result<ZipArchive<R>, NotAnArchive> {
    let mut walked = ZipIterable::try_new(&mut reader, Config::default()).map_err(|_| NotAnArchive)?;
    if walked.len() > ENTRIES_MAX || !walked.files().is_ok_and(|files| files.all(|entry| entry.is_ok())) {
        return Err(NotAnArchive);
    }
    ZipArchive::new(reader).map_err(|_| NotAnArchive)
}

pub(super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// By the whole path and by the bare name, in small letters; `None` where several are called so.
    names: HashMap<String, Option<usize>>,
    unpacked: u64,
}

impl Archive {
    pub fn open(path: &Path) -> Result<Archive, NotAnArchive> {
        let file = File::open(path).map_err(|_| NotAnArchive)?;
        let mut zip = open(BufReader::new(file))?;
        let mut names = HashMap::new();
        for at in 0..zip.len() {
            let Ok(entry) = zip.by_index_raw(at) else { continue };
            if entry.is_dir() {
                continue;
            }
            // Windows packs names in its own encoding without saying so.
            let raw = entry.name_raw();
            let name = match std::str::from_utf8(raw) {
                Ok(name) => name.to_owned(),
                Err(_) => GB18030.decode_without_bom_handling(raw).0.into_owned(),
            };
            let whole = plain(&name);
            let bare = whole.rsplit('/').next().unwrap_or("").to_owned();
            // What a Mac adds beside each file.
            if whole.starts_with("__macosx/") || bare.starts_with("._") {
                continue;
            }
            if bare != whole {
                add(&mut names, whole, at);
            }
            add(&mut names, bare, at);
        }
        Ok(Archive { zip, names, unpacked: 0 })
    }

    /// The bytes of the file with this name.
    pub fn get(&mut self, name: &str) -> Result<Vec<u8>, Wrong> {
        let at = match self.names.get(&plain(name)) {
            Some(Some(at)) => *at,
            Some(None) => return Err(Wrong::TwiceInArchive),
            None => return Err(Wrong::NotInArchive),
        };
        let entry = self.zip.by_index(at).map_err(|_| Wrong::Unpackable)?;
        if entry.size() > SMALL && entry.size() / RATIO_MAX > entry.compressed_size() {
            return Err(Wrong::Unpackable);
        }
        // What the archive says of itself is believed only as far as it is smaller.
        let most = BYTES_MAX as u64 + 1;
        let most =
            if entry.compressed_size() < SMALL { most.min(entry.compressed_size() * RATIO_MAX + SMALL) } else { most };
        let mut bytes = Vec::new();
        entry.take(most).read_to_end(&mut bytes).map_err(|_| Wrong::Unpackable)?;
        self.unpacked += bytes.len() as u64;
        if self.unpacked > UNPACKED_MAX {
            return Err(Wrong::ArchiveTooFull { max_mib: UNPACKED_MAX / (1024 * 1024) });
        }
        if bytes.len() > BYTES_MAX {
            return Err(Wrong::Refused(Unfit::Bytes.into()));
        }
        if bytes.len() as u64 == most {
            return Err(Wrong::Unpackable);
        }
        Ok(bytes)
    }
}

fn add(names: &mut HashMap<String, Option<usize>>, name: String, at: usize) {
    names.entry(name).and_modify(|known| *known = None).or_insert(Some(at));
}

fn plain(name: &str) -> String {
    name.trim().replace('\\', "/").trim_start_matches("./").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    fn archive(entries: &[(&str, &[u8])]) -> (tempfile::TempDir, Archive) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        let archive = Archive::open(&path).unwrap();
        (folder, archive)
    }

    #[test]
    fn a_picture_is_found_by_its_name_or_path() {
        let entries: [(&str, &[u8]); 5] = [
            ("photos/A.JPG", b"a"),
            ("photos/b.jpg", b"b"),
            ("more/b.jpg", b"c"),
            ("纽扣.png", b"d"),
            ("../../etc/x", b"e"),
        ];
        let (_folder, mut archive) = archive(&entries);
        assert_eq!(archive.get(" a.jpg "), Ok(b"a".to_vec()));
        assert_eq!(archive.get("photos\\b.jpg"), Ok(b"b".to_vec()));
        assert_eq!(archive.get("b.jpg"), Err(Wrong::TwiceInArchive));
        assert_eq!(archive.get("纽扣.png"), Ok(b"d".to_vec()));
        assert_eq!(archive.get("x"), Ok(b"e".to_vec()), "a name is no way to a folder: nothing is written by it");
        assert_eq!(archive.get("c.jpg"), Err(Wrong::NotInArchive));
    }

    /// A few bytes that become many are not unpacked, whatever the archive says of itself.
    #[test]
    fn a_bomb_is_not_unpacked() {
        let bomb = vec![0u8; 40 * 1024 * 1024];
        let (folder, mut packed) = archive(&[("bomb.png", &bomb), ("small.png", &bomb[..3 * 1024 * 1024])]);
        assert_eq!(packed.get("bomb.png"), Err(Wrong::Unpackable));
        assert_eq!(packed.get("small.png"), Err(Wrong::Unpackable));
        // The same with sizes that lie: of the local header and of the directory.
        let path = folder.path().join("a.zip");
        let mut bytes = std::fs::read(&path).unwrap();
        let size = (bomb.len() as u32).to_le_bytes();
        let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..at + 4] == size).collect();
        assert!(!places.is_empty());
        for at in places {
            bytes[at..at + 4].copy_from_slice(&1_000u32.to_le_bytes());
        }
        std::fs::write(&path, bytes).unwrap();
        if let Ok(mut lying) = Archive::open(&path) {
            assert!(lying.get("bomb.png").is_err());
            assert!(lying.unpacked <= BYTES_MAX as u64 + 1);
        }
        std::fs::write(&path, b"PK\x03\x04 nothing").unwrap();
        assert!(Archive::open(&path).is_err());
    }
}
