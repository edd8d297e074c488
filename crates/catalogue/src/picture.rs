//! Product pictures: decoded within limits and written anew, so that nothing of the file a seller sent is ever served:
//! no metadata (where a photograph was taken, with what), no second format inside the first, no bomb.
//!
//! Two sizes are kept: large (at most 1,200 px on the longer side) and card (320 px), both JPEG on white.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Condvar, Mutex, PoisonError};

use db::{BlobId, Blobs, Id, Scope, load_each};
use diesel::prelude::*;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage};

use crate::Refused;
use crate::policy::picture;

pub const BYTES_MAX: usize = 12 * 1024 * 1024;
/// A side longer than this is refused before a pixel is decoded.
pub const SIDE_MAX: u32 = 10_000;
/// A side shorter than this shows nothing.
pub const SIDE_MIN: u32 = 32;
const PIXELS_MAX: u64 = 40_000_000;
/// What a decoder may take: 40 million pixels of four bytes, and its own tables.
const ALLOC_MAX: u64 = 200 * 1024 * 1024;
pub const LARGE: u32 = 1_200;
pub const CARD: u32 = 320;
const QUALITY_LARGE: u8 = 82;
const QUALITY_CARD: u8 = 78;
/// How many are decoded at a time in one process; others wait, so that uploads cannot eat the memory.
const AT_ONCE_MAX: usize = 2;

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

/// Decodes what a seller sent. Blocks, for up to some tenths of a second.
pub fn prepare(sent: &[u8]) -> Result<Prepared, Refused> {
    let _place = Place::take();
    encode(sent).map(Prepared)
}

/// Decodes a picture and stores it at once.
pub fn store(blobs: &Blobs, sent: &[u8]) -> Result<Stored, NotStored> {
    Ok(prepare(sent).map_err(NotStored::Refused)?.store(blobs)?)
}

struct Sizes {
    large: Vec<u8>,
    small: Vec<u8>,
    width: u32,
    height: u32,
}

fn encode(sent: &[u8]) -> Result<Sizes, Refused> {
    let whole = decode(sent)?;
    let large = fit(whole, LARGE);
    let small = fit(DynamicImage::ImageRgb8(large.clone()), CARD);
    Ok(Sizes {
        width: large.width(),
        height: large.height(),
        large: jpeg(&large, QUALITY_LARGE)?,
        small: jpeg(&small, QUALITY_CARD)?,
    })
}

fn decode(sent: &[u8]) -> Result<DynamicImage, Refused> {
    if sent.len() > BYTES_MAX {
        return Err(Refused::PictureBytes { max_mib: BYTES_MAX as u64 / (1024 * 1024) });
    }
    // By its first bytes, never by a name or a content type: SVG, GIF and all else end here.
    let format = match image::guess_format(sent) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) => format,
        _ => return Err(Refused::NotAPicture),
    };
    let mut reader = ImageReader::with_format(Cursor::new(sent), format);
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(ALLOC_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(why)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX || decoder.total_bytes() > ALLOC_MAX {
        return Err(Refused::PicturePixels { max: SIDE_MAX });
    }
    if width.min(height) < SIDE_MIN {
        return Err(Refused::PictureTooSmall { min: SIDE_MIN });
    }
    // A camera turns the picture by a note in the metadata, which goes: so the pixels are turned.
    let orientation = decoder.orientation().map_err(why)?;
    let mut whole = DynamicImage::from_decoder(decoder).map_err(why)?;
    whole.apply_orientation(orientation);
    Ok(whole)
}

fn why(error: image::ImageError) -> Refused {
    match error {
        image::ImageError::Limits(_) => Refused::PicturePixels { max: SIDE_MAX },
        _ => Refused::NotAPicture,
    }
}

/// Not larger than `side` on either side, on white where it was transparent.
fn fit(whole: DynamicImage, side: u32) -> RgbImage {
    let whole = if whole.width().max(whole.height()) > side {
        // Far too large ones are halved cheaply first; the fine filter then works on twice the size.
        let near =
            if whole.width().max(whole.height()) > 4 * side { whole.thumbnail(2 * side, 2 * side) } else { whole };
        near.resize(side, side, FilterType::CatmullRom)
    } else {
        whole
    };
    if !whole.color().has_alpha() {
        return whole.to_rgb8();
    }
    let clear = whole.to_rgba8();
    RgbImage::from_fn(clear.width(), clear.height(), |x, y| {
        let [r, g, b, a] = clear.get_pixel(x, y).0;
        let on_white = |c: u8| ((u32::from(c) * u32::from(a) + 255 * (255 - u32::from(a)) + 127) / 255) as u8;
        Rgb([on_white(r), on_white(g), on_white(b)])
    })
}

fn jpeg(pixels: &RgbImage, quality: u8) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(pixels).map_err(why)?;
    Ok(bytes)
}

/// One of the places at the decoders.
struct Place;

static TAKEN: Mutex<usize> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

impl Place {
    fn take() -> Place {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = FREED.wait_while(taken, |taken| *taken >= AT_ONCE_MAX).unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        FREED.notify_one();
    }
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

/// Whether a blob is a product's picture, which everybody may see. Other blobs (attachments, exports) are served by
/// their own pages only.
pub fn is_public(scope: &mut impl Scope, blob: &BlobId) -> QueryResult<bool> {
    let large = picture::table.filter(picture::blob.eq(blob.as_str())).select(picture::place);
    if large.first::<i64>(scope.db()).optional()?.is_some() {
        return Ok(true);
    }
    let small = picture::table.filter(picture::small.eq(blob.as_str())).select(picture::place);
    Ok(small.first::<i64>(scope.db()).optional()?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use db::Stop;

    fn pixels(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| Rgb([(x % 256) as u8, (y % 256) as u8, 120]))
    }

    fn written(pixels: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        pixels.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn photograph(width: u32, height: u32) -> Vec<u8> {
        written(&DynamicImage::ImageRgb8(pixels(width, height)), ImageFormat::Jpeg)
    }

    /// A JPEG with an EXIF block that says `orientation` and holds a text.
    fn with_exif(jpeg: &[u8], orientation: u8, text: &[u8; 12]) -> Vec<u8> {
        let mut tiff: Vec<u8> = b"II*\0\x08\0\0\0\x02\0".to_vec();
        tiff.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]); // orientation
        tiff.extend([0x0e, 0x01, 2, 0, 12, 0, 0, 0, 38, 0, 0, 0]); // description, at 38
        tiff.extend([0, 0, 0, 0]);
        tiff.extend(text);
        let mut block: Vec<u8> = b"Exif\0\0".to_vec();
        block.extend(tiff);
        let mut out = jpeg[..2].to_vec();
        out.extend([0xff, 0xe1]);
        out.extend((block.len() as u16 + 2).to_be_bytes());
        out.extend(block);
        out.extend(&jpeg[2..]);
        out
    }

    #[test]
    fn both_sizes_fit_and_keep_their_shape() {
        let sizes = encode(&photograph(2_400, 1_600)).unwrap();
        assert_eq!((sizes.width, sizes.height), (1_200, 800));
        let card = image::load_from_memory(&sizes.small).unwrap();
        assert_eq!((card.width(), card.height()), (320, 213));
        let small = encode(&photograph(200, 100)).unwrap();
        assert_eq!((small.width, small.height), (200, 100), "what is small is not blown up");
        assert_eq!(image::guess_format(&small.large).unwrap(), ImageFormat::Jpeg);
    }

    /// Where a photograph was taken, and with what, is not passed on; the camera's turn is carried out.
    #[test]
    fn metadata_go_and_the_turn_is_carried_out() {
        let sent = with_exif(&photograph(400, 200), 6, b"29.31N120.1E");
        assert!(sent.windows(12).any(|window| window == b"29.31N120.1E"));
        let sizes = encode(&sent).unwrap();
        assert_eq!((sizes.width, sizes.height), (200, 400));
        for kept in [&sizes.large, &sizes.small] {
            assert!(!kept.windows(12).any(|window| window == b"29.31N120.1E"));
            assert!(!kept.windows(4).any(|window| window == b"Exif"));
        }
    }

    #[test]
    fn png_and_webp_come_in_and_transparency_becomes_white() {
        let clear = image::RgbaImage::from_pixel(80, 60, image::Rgba([10, 200, 30, 0]));
        for format in [ImageFormat::Png, ImageFormat::WebP] {
            let sizes = encode(&written(&DynamicImage::ImageRgba8(clear.clone()), format)).unwrap();
            let shown = image::load_from_memory(&sizes.large).unwrap().to_rgb8();
            assert!(shown.get_pixel(40, 30).0.iter().all(|&c| c > 250), "{format:?}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
        let gif =
            b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
        let torn = &photograph(400, 300)[..40];
        let empty: &[u8] = b"";
        for sent in [&svg[..], &gif[..], torn, empty, b"%PDF-1.7", b"\xff\xd8\xff"] {
            assert_eq!(encode(sent).map(|_| ()), Err(Refused::NotAPicture), "{:?}", &sent[..sent.len().min(8)]);
        }
        assert_eq!(encode(&vec![0; BYTES_MAX + 1]).map(|_| ()), Err(Refused::PictureBytes { max_mib: 12 }));
        assert_eq!(encode(&photograph(31, 500)).map(|_| ()), Err(Refused::PictureTooSmall { min: 32 }));
    }

    /// A few bytes that say they are a huge picture are refused before a pixel is made.
    #[test]
    fn bombs_are_refused_by_their_header() {
        let png = written(&DynamicImage::ImageRgb8(pixels(64, 64)), ImageFormat::Png);
        for (width, height) in [(60_000u32, 60_000u32), (9_000, 9_000), (u32::MAX / 2, 40)] {
            let mut bomb = png.clone();
            bomb[16..20].copy_from_slice(&width.to_be_bytes());
            bomb[20..24].copy_from_slice(&height.to_be_bytes());
            let sum = crc32(&bomb[12..29]);
            bomb[29..33].copy_from_slice(&sum.to_be_bytes());
            let begun = std::time::Instant::now();
            let refused = encode(&bomb).map(|_| ());
            assert!(matches!(refused, Err(Refused::PicturePixels { .. } | Refused::NotAPicture)), "{refused:?}");
            assert!(begun.elapsed().as_secs() < 20);
        }
        let mut jpeg = photograph(64, 64);
        let frame = jpeg.windows(2).position(|window| window == [0xff, 0xc0]).unwrap();
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xf0, 0xff, 0xf0]);
        assert_eq!(encode(&jpeg).map(|_| ()), Err(Refused::PicturePixels { max: SIDE_MAX }));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |sum, &byte| {
            (0..8).fold(sum ^ u32::from(byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
        })
    }

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
}
