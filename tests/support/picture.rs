//! Pictures: frames that hold nothing to see, each another for each number.

use zhibu_domain::attachment::Attachment;

/// The frame of a JPEG of so many bytes.
pub fn picture(number: u8, bytes: usize) -> Vec<u8> {
    let scan = [0xff, 0xd8, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0];
    let mut rows: Vec<u8> = (0..bytes - scan.len() - 2).map(|at| (at % 251) as u8).collect();
    rows[0] = number;
    [&scan[..], &rows, &[0xff, 0xd9]].concat()
}

/// A photo of three pieces and its thumbnail, with the entry that names them.
pub fn photo(number: u8) -> (Attachment, Vec<u8>, Vec<u8>) {
    let (photo, thumb) = (picture(number, 150_000), picture(number, 9_000));
    (Attachment::of(&photo, &thumb).unwrap(), photo, thumb)
}
