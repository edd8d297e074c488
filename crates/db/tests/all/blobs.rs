//! Blobs by content.

use db::testing::TestDatabase;
use db::{BlobError, BlobId, Engine};

use crate::THINGS;

#[test]
fn a_blob_comes_back_and_a_damaged_one_does_not() {
    let test = TestDatabase::open(Engine::Sqlite, THINGS);
    let blobs = test.db.blobs();
    let id = blobs.put(b"picture").expect("put");
    assert_eq!(id, BlobId::of(b"picture"));
    assert_eq!(blobs.put(b"picture").expect("twice"), id);
    assert_eq!(blobs.get(&id).expect("get"), b"picture");
    let path = blobs.path(&id);
    assert!(path.ends_with(format!("{}/{}/{}", &id.as_str()[..2], &id.as_str()[2..4], id.as_str())));

    std::fs::write(&path, b"picturf").expect("damage");
    assert!(matches!(blobs.get(&id), Err(BlobError::Damaged)));
    std::fs::write(&path, b"cut").expect("damage");
    assert_eq!(blobs.put(b"picture").expect("put again"), id);
    assert_eq!(blobs.get(&id).expect("mended"), b"picture");

    blobs.delete(&id).expect("deleted");
    blobs.delete(&id).expect("deleted twice");
    assert!(matches!(blobs.get(&id), Err(BlobError::Missing)));
    assert_eq!(std::fs::read_dir(test.folder.join("blobs/coming")).expect("folder").count(), 0);
}

#[test]
fn a_blob_over_the_limit_is_refused() {
    let test = TestDatabase::open(Engine::Sqlite, THINGS);
    let mut options = test.options();
    options.blob_bytes_max = 4;
    let db = db::Database::open(options).unwrap_or_else(|error| panic!("{error}"));
    assert!(db.blobs().put(b"four").is_ok());
    assert!(matches!(db.blobs().put(b"five5"), Err(BlobError::TooLarge { bytes_max: 4 })));
}

#[test]
fn no_name_leads_out_of_the_folder() {
    assert!(BlobId::parse("../../../etc/passwd").is_none());
    assert!(BlobId::parse(&"A".repeat(64)).is_none());
    assert!(BlobId::parse(&"a1".repeat(32)).is_some());
}
