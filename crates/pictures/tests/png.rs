//! Pictures of every kind of PNG: what is transparent becomes white, also where it is made smaller, what was hidden in it
//! stays hidden, and a turn is carried out.

use image::{DynamicImage, ImageFormat, LumaA, Rgba, RgbaImage};
use std::io::Cursor;

fn sent(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Red on the left; on the right nothing, under which a green is hidden.
#[test]
fn a_hidden_colour_does_not_shine_through() {
    let half = |x: u32, width: u32| if x < width / 2 { Rgba([200, 0, 0, 255]) } else { Rgba([0, 255, 0, 0]) };
    for (width, height) in [(1_300, 500), (2_401, 1_601), (200, 100)] {
        let picture = RgbaImage::from_fn(width, height, |x, _| half(x, width));
        let sizes = pictures::prepare(&sent(&DynamicImage::ImageRgba8(picture))).unwrap();
        for made in [&sizes.large, &sizes.small] {
            let shown = image::load_from_memory(made).unwrap().to_rgb8();
            let greener = shown.pixels().any(|pixel| i32::from(pixel.0[1]) > i32::from(pixel.0[0]) + 24);
            assert!(!greener, "{width} x {height}");
            assert!(shown.get_pixel(shown.width() - 4, 4).0.iter().all(|&c| c > 245), "{width} x {height}");
        }
    }
}

#[test]
fn grey_and_fine_pictures_lie_on_white_too() {
    let grey = image::ImageBuffer::from_pixel(1_500, 300, LumaA([0_u8, 0]));
    let fine = image::ImageBuffer::from_pixel(1_500, 300, Rgba([0_u16, 0, 0, 0]));
    for picture in [DynamicImage::ImageLumaA8(grey), DynamicImage::ImageRgba16(fine)] {
        let sizes = pictures::prepare(&sent(&picture)).unwrap();
        let shown = image::load_from_memory(&sizes.large).unwrap().to_rgb8();
        assert_eq!((sizes.width, sizes.height), (1_200, 240));
        assert!(shown.pixels().all(|pixel| pixel.0.iter().all(|&c| c > 250)), "{:?}", picture.color());
    }
}

/// Of few colours, one of which is nothing; as programs write what was drawn.
#[test]
fn a_palette_is_spread_out_and_its_hole_is_white() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 40, 40);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Four);
    encoder.set_palette(vec![200, 0, 0, 0, 255, 0]);
    encoder.set_trns(vec![255, 0]);
    // The upper half is the first colour, the lower the second, which is not there.
    let rows = [[0x00_u8; 20 * 20], [0x11; 20 * 20]].concat();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&rows).unwrap();
    writer.finish().unwrap();
    let sizes = pictures::prepare(&bytes).unwrap();
    let shown = image::load_from_memory(&sizes.large).unwrap().to_rgb8();
    let [red, hole] = [shown.get_pixel(20, 5).0, shown.get_pixel(20, 35).0];
    assert!(red[0] > 180 && red[1] < 30 && red[2] < 30, "{red:?}");
    assert!(hole.iter().all(|&c| c > 245), "{hole:?}");
}

/// A camera may write its turn into a PNG too.
#[test]
fn a_png_is_turned_as_its_note_says() {
    let mut bytes = Vec::new();
    let mut info = png::Info::with_size(400, 200);
    info.color_type = png::ColorType::Grayscale;
    info.bit_depth = png::BitDepth::Eight;
    // Little-endian, one entry: orientation, a short, once, six.
    info.exif_metadata = Some(b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"[..].into());
    let mut writer = png::Encoder::with_info(&mut bytes, info).unwrap().write_header().unwrap();
    writer.write_image_data(&[120; 400 * 200]).unwrap();
    writer.finish().unwrap();
    let sizes = pictures::prepare(&bytes).unwrap();
    assert_eq!((sizes.width, sizes.height), (200, 400));
}
