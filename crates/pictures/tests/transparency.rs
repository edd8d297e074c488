//! What is transparent becomes white, also where the picture is made smaller, and what was hidden in it stays hidden.

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
