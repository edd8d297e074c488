//! What somebody sent as a picture, decoded within limits and written anew, so that nothing of the file that came is ever
//! served: no metadata (where a photograph was taken, with what), no second format inside the first, no bomb.
//!
//! Two sizes are made: large (at most 1,200 px on the longer side) and card (320 px), both JPEG on white.
//!
//! It knows no database and no disk, and keeps nothing. A crate of its own because what it is made of is generic and slow
//! where it is not optimised: this one is, also in a debug build, and it is small.

#![forbid(unsafe_code)]

use std::io::Cursor;
use std::sync::{Condvar, Mutex, PoisonError};

use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageFormat, ImageReader, Limits, Pixel, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use png::Transformations;

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

/// Why a picture is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Neither JPEG, PNG nor WebP, or broken.
    NotAPicture,
    /// More than [`BYTES_MAX`].
    Bytes,
    /// More pixels than anybody looks at, on a side ([`SIDE_MAX`]) or in all.
    Pixels,
    /// A side is shorter than [`SIDE_MIN`].
    Small,
}

/// Both sizes as JPEG; width and height are the large one's, in pixels.
pub struct Sizes {
    pub large: Vec<u8>,
    pub small: Vec<u8>,
    pub width: u32,
    pub height: u32,
}

/// Decodes what somebody sent. Blocks, for up to some tenths of a second; while others are at it, until they are done.
pub fn prepare(sent: &[u8]) -> Result<Sizes, Unfit> {
    let _place = Place::take();
    encode(sent)
}

fn encode(sent: &[u8]) -> Result<Sizes, Unfit> {
    let (whole, turn) = decode(sent)?;
    // A camera turns the picture by a note in the metadata, which goes: so the pixels are turned, when they are few.
    let mut large = DynamicImage::ImageRgb8(fit(whole, LARGE)?);
    large.apply_orientation(turn);
    let large = large.into_rgb8();
    let small = fit(DynamicImage::ImageRgb8(large.clone()), CARD)?;
    Ok(Sizes {
        width: large.width(),
        height: large.height(),
        large: jpeg(&large, QUALITY_LARGE)?,
        small: jpeg(&small, QUALITY_CARD)?,
    })
}

/// With the turn that is still to be carried out.
fn decode(sent: &[u8]) -> Result<(DynamicImage, Orientation), Unfit> {
    if sent.len() > BYTES_MAX {
        return Err(Unfit::Bytes);
    }
    // By its first bytes, never by a name or a content type: SVG, GIF and all else end here.
    match image::guess_format(sent) {
        Ok(ImageFormat::Png) => decode_png(sent),
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::WebP)) => decode_other(sent, format),
        _ => Err(Unfit::NotAPicture),
    }
}

/// Before a pixel is made. `bytes` are those of all pixels.
fn sized(width: u32, height: u32, bytes: u64) -> Result<(), Unfit> {
    if width.max(height) > SIDE_MAX || u64::from(width) * u64::from(height) > PIXELS_MAX || bytes > ALLOC_MAX {
        return Err(Unfit::Pixels);
    }
    if width.min(height) < SIDE_MIN {
        return Err(Unfit::Small);
    }
    Ok(())
}

fn decode_other(sent: &[u8], format: ImageFormat) -> Result<(DynamicImage, Orientation), Unfit> {
    let mut reader = ImageReader::with_format(Cursor::new(sent), format);
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(ALLOC_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(why)?;
    let (width, height) = decoder.dimensions();
    sized(width, height, decoder.total_bytes())?;
    let turn = decoder.orientation().map_err(why)?;
    Ok((DynamicImage::from_decoder(decoder).map_err(why)?, turn))
}

/// Without the texts and profiles that may lie packed beside the pixels: some kilobytes of them unpack to hundreds of
/// megabytes, and nobody would see any of it.
fn decode_png(sent: &[u8]) -> Result<(DynamicImage, Orientation), Unfit> {
    let limits = png::Limits { bytes: ALLOC_MAX as usize };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(sent), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(why_png)?;
    let bytes = reader.output_buffer_size().ok_or(Unfit::Pixels)?;
    let (width, height) = (reader.info().width, reader.info().height);
    sized(width, height, bytes.max(reader.info().raw_bytes()) as u64)?;
    let turn = reader.info().exif_metadata.as_deref().and_then(Orientation::from_exif_chunk);
    let mut pixels = vec![0; bytes];
    reader.next_frame(&mut pixels).map_err(why_png)?;
    let whole = match reader.output_color_type().0 {
        png::ColorType::Grayscale => ImageBuffer::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8),
        png::ColorType::GrayscaleAlpha => ImageBuffer::from_raw(width, height, pixels).map(DynamicImage::ImageLumaA8),
        png::ColorType::Rgb => ImageBuffer::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8),
        png::ColorType::Rgba => ImageBuffer::from_raw(width, height, pixels).map(DynamicImage::ImageRgba8),
        png::ColorType::Indexed => None,
    };
    Ok((whole.ok_or(Unfit::NotAPicture)?, turn.unwrap_or(Orientation::NoTransforms)))
}

fn why_png(error: png::DecodingError) -> Unfit {
    match error {
        png::DecodingError::LimitsExceeded => Unfit::Pixels,
        _ => Unfit::NotAPicture,
    }
}

fn why(error: image::ImageError) -> Unfit {
    match error {
        image::ImageError::Limits(_) => Unfit::Pixels,
        _ => Unfit::NotAPicture,
    }
}

/// Not larger than `side` on either side, on white where it was transparent.
fn fit(mut whole: DynamicImage, side: u32) -> Result<RgbImage, Unfit> {
    // On white first and in place: made smaller as it is, what is hidden would shine through at the edges, and what is
    // done against that takes as much memory once more.
    match &mut whole {
        DynamicImage::ImageRgba8(clear) => on_white(clear),
        DynamicImage::ImageLumaA8(clear) => on_white(clear),
        // Nothing else that the decoders make is transparent.
        _ => {}
    }
    let whole = if whole.width().max(whole.height()) > side { smaller(&whole, side)? } else { whole };
    Ok(whole.into_rgb8())
}

/// Of pixels whose last channel says how much of them is seen.
fn on_white<P: Pixel<Subpixel = u8>>(clear: &mut ImageBuffer<P, Vec<u8>>) {
    for pixel in clear.pixels_mut() {
        let [colour @ .., a] = pixel.channels_mut() else { continue };
        if *a < 255 {
            for c in colour {
                *c = ((u32::from(*c) * u32::from(*a) + 255 * (255 - u32::from(*a)) + 127) / 255) as u8;
            }
            *a = 255;
        }
    }
}

/// In its own shape, the longer side of `side` pixels.
fn smaller(whole: &DynamicImage, side: u32) -> Result<DynamicImage, Unfit> {
    let longer = whole.width().max(whole.height());
    let of = |length: u32| {
        let scaled = (u64::from(length) * u64::from(side) + u64::from(longer) / 2) / u64::from(longer);
        scaled.max(1) as u32
    };
    let mut small = DynamicImage::new(of(whole.width()), of(whole.height()), whole.color());
    let fine = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom)).use_alpha(false);
    Resizer::new().resize(whole, &mut small, &fine).map_err(|_| Unfit::NotAPicture)?;
    Ok(small)
}

fn jpeg(pixels: &RgbImage, quality: u8) -> Result<Vec<u8>, Unfit> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    // As cameras and other shops do: the eye sees colours less sharply than light.
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    let side = |length: u32| u16::try_from(length).map_err(|_| Unfit::Pixels);
    let (width, height) = (side(pixels.width())?, side(pixels.height())?);
    encoder.encode(pixels, width, height, ColorType::Rgb).map_err(|_| Unfit::NotAPicture)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

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
        let clear = DynamicImage::ImageRgba8(clear);
        let grey = DynamicImage::ImageLumaA8(image::GrayAlphaImage::from_pixel(80, 60, image::LumaA([30, 0])));
        for (clear, format) in [(&clear, ImageFormat::Png), (&clear, ImageFormat::WebP), (&grey, ImageFormat::Png)] {
            let sizes = encode(&written(clear, format)).unwrap();
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
            assert_eq!(encode(sent).map(|_| ()), Err(Unfit::NotAPicture), "{:?}", &sent[..sent.len().min(8)]);
        }
        assert_eq!(encode(&vec![0; BYTES_MAX + 1]).map(|_| ()), Err(Unfit::Bytes));
        assert_eq!(encode(&photograph(31, 500)).map(|_| ()), Err(Unfit::Small));
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
            assert!(matches!(refused, Err(Unfit::Pixels | Unfit::NotAPicture)), "{refused:?}");
            assert!(begun.elapsed().as_secs() < 20);
        }
        let mut jpeg = photograph(64, 64);
        let frame = jpeg.windows(2).position(|window| window == [0xff, 0xc0]).unwrap();
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xf0, 0xff, 0xf0]);
        assert_eq!(encode(&jpeg).map(|_| ()), Err(Unfit::Pixels));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |sum, &byte| {
            (0..8).fold(sum ^ u32::from(byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
        })
    }
}
