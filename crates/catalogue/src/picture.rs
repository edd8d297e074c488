//! Product pictures: made by [`pictures`] of what a seller sent, kept as blobs in two sizes, and asked for by product.

use std::collections::HashMap;

use db::{BlobId, Blobs, Id, Scope, load_each, on_each};
use diesel::prelude::*;
use pictures::{SIDE_MAX, SIDE_MIN, Sizes, Unfit};

use crate::Refused;
use crate::policy::{former_picture, picture};

pub use pictures::{BYTES_MAX, CARD, LARGE};

/// A picture that this crate has stored. Nothing else makes one, so that no form can name a blob of somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub(crate) large: BlobId,
    pub(crate) small: BlobId,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Stored {
    /// The large size.
    pub fn large(&self) -> &BlobId {
        &self.large
    }

    /// The card size.
    pub fn small(&self) -> &BlobId {
        &self.small
    }

    /// Of the large size, in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }
}

/// Why a picture was not stored.
#[derive(Debug)]
pub enum NotStored {
    Refused(Refused),
    Disk(db::BlobError),
}

impl From<db::BlobError> for NotStored {
    fn from(error: db::BlobError) -> NotStored {
        NotStored::Disk(error)
    }
}

/// A picture that was decoded and is on no disk yet.
pub struct Prepared(Sizes);

impl Prepared {
    /// As it will be named when it is stored.
    pub fn named(&self) -> Stored {
        let Sizes { large, small, width, height } = &self.0;
        Stored { large: BlobId::of(large), small: BlobId::of(small), width: *width, height: *height }
    }

    /// Stores both sizes. A product is made of it afterwards: what it is made of is on the disk before it.
    pub fn store(&self, blobs: &Blobs) -> Result<Stored, db::BlobError> {
        let Sizes { large, small, width, height } = &self.0;
        Ok(Stored { large: blobs.put(large)?, small: blobs.put(small)?, width: *width, height: *height })
    }
}

impl From<Unfit> for Refused {
    fn from(unfit: Unfit) -> Refused {
        match unfit {
            Unfit::NotAPicture => Refused::NotAPicture,
            Unfit::Bytes => Refused::PictureBytes { max_mib: BYTES_MAX as u64 / (1024 * 1024) },
            Unfit::Pixels => Refused::PicturePixels { max: SIDE_MAX },
            Unfit::Small => Refused::PictureTooSmall { min: SIDE_MIN },
        }
    }
}

/// Decodes what a seller sent. Blocks, for up to some tenths of a second.
pub fn prepare(sent: &[u8]) -> Result<Prepared, Refused> {
    Ok(Prepared(pictures::prepare(sent)?))
}

/// Decodes a picture and stores it at once.
pub fn store(blobs: &Blobs, sent: &[u8]) -> Result<Stored, NotStored> {
    Ok(prepare(sent).map_err(NotStored::Refused)?.store(blobs)?)
}

/// The pictures of a product, in their order.
pub fn of_product(scope: &mut impl Scope, product: &Id) -> QueryResult<Vec<Stored>> {
    Ok(of_products(scope, &[product])?.remove(product).unwrap_or_default())
}

/// The same, of several products.
pub(crate) fn of_products(scope: &mut impl Scope, products: &[&Id]) -> QueryResult<HashMap<Id, Vec<Stored>>> {
    let query = picture::table
        .order((picture::product, picture::place))
        .select((picture::product, (picture::blob, picture::small, picture::width, picture::height)));
    let rows = load_each!(scope.db(), query, picture::product, products => (Id, Row))?;
    let mut by_product: HashMap<Id, Vec<Stored>> = HashMap::new();
    for (product, row) in rows {
        by_product.entry(product).or_default().extend(stored(row));
    }
    Ok(by_product)
}

/// Both blobs, width and height.
type Row = (String, String, i64, i64);

fn stored((large, small, width, height): Row) -> Option<Stored> {
    Some(Stored {
        large: BlobId::parse(&large)?,
        small: BlobId::parse(&small)?,
        width: u32::try_from(width).ok()?,
        height: u32::try_from(height).ok()?,
    })
}

/// Whether a blob is a product's picture, or the one by which it was bought before, which everybody may see. Other blobs
/// (attachments, exports) are served by their own pages only.
pub fn is_public(scope: &mut impl Scope, blob: &BlobId) -> QueryResult<bool> {
    let large = picture::table.filter(picture::blob.eq(blob.as_str())).select(picture::place);
    if large.first::<i64>(scope.db()).optional()?.is_some() {
        return Ok(true);
    }
    let small = picture::table.filter(picture::small.eq(blob.as_str())).select(picture::place);
    if small.first::<i64>(scope.db()).optional()?.is_some() {
        return Ok(true);
    }
    let former = former_picture::table.find(blob.as_str()).select(former_picture::product);
    let former: Option<Id> = on_each!(scope.db(), c => former.get_result(c)).optional()?;
    Ok(former.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::{self, NewPicture};
    use crate::testing::*;
    use db::Stop;
    use std::io::Cursor;

    /// A blob is served to everybody only if it is a product's picture.
    #[test]
    fn other_blobs_are_not_public() {
        each_engine(|t| {
            let db = &t.data.db;
            let seller = open_shop(&t.vault, &member(&t.vault), "Buttons");
            categories(db);
            let attachment = db.blobs().put(b"a member's attachment").unwrap();
            let product = publish_now(db, &seller, new_product(db, "Button", "纽扣"));
            let (shown, other) = db
                .read_now(move |r| {
                    let pictures = of_product(r, &product)?;
                    let large = is_public(r, &pictures[0].large)?;
                    Ok::<_, Stop<()>>((large && is_public(r, &pictures[0].small)?, is_public(r, &attachment)?))
                })
                .unwrap();
            assert!(shown && !other);
        });
    }

    /// What somebody ordered is shown in their order as it was, whatever its seller shows since.
    #[test]
    fn a_replaced_picture_is_shown_in_orders() {
        each_engine(|t| {
            let db = &t.data.db;
            let seller = open_shop(&t.vault, &member(&t.vault), "Buttons");
            categories(db);
            let product = publish_now(db, &seller, new_product(db, "Button", "纽扣"));
            let of = product.clone();
            let before = db.read_now(move |r| Ok::<_, Stop<()>>(of_product(r, &of)?.remove(0))).unwrap();
            let (shown, mut edited) = (before.clone(), new_product(db, "Button", "纽扣"));
            let mut png = Cursor::new(Vec::new());
            image::RgbImage::from_pixel(60, 60, image::Rgb([9, 9, 9]))
                .write_to(&mut png, image::ImageFormat::Png)
                .unwrap();
            // Another before it; then that one alone.
            let other = store(db.blobs(), png.get_ref()).unwrap();
            for (version, pictures) in [(1, vec![other.clone(), shown]), (2, vec![other])] {
                edited.pictures = pictures.into_iter().map(NewPicture::New).collect();
                let (seller, of, new) = (seller.clone(), product.clone(), edited.clone());
                db.write_now(move |tx| product::edit(tx, &seller, &of, version, &new)).unwrap();
            }
            let (large, small) = db
                .read_now(move |r| Ok::<_, Stop<()>>((is_public(r, &before.large)?, is_public(r, &before.small)?)))
                .unwrap();
            assert!(small && !large, "orders show the size of cards");
        });
    }
}
