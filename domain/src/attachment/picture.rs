//! Whether some bytes are a picture that may be attached: JPEG or WebP, small enough, and carrying nothing but the
//! picture. A camera writes the place, the time and its own number beside it; a phone that made the picture anew
//! leaves them out, and whoever receives one checks. Only the frame of the file is read, never the picture.

use super::{PhotoFormat, PhotoSize};

/// Why a picture is not attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureFault {
    /// Neither JPEG nor WebP, or cut short.
    #[error("neither a whole JPEG nor a whole WebP picture")]
    NoPicture,
    /// Over the limit of its size.
    #[error("more than {most} bytes")]
    TooLarge {
        /// The limit.
        most: u32,
    },
    /// It carries what is not the picture: where and with what it was taken, or bytes behind its end.
    #[error("more than a picture: the camera's notes must be taken out")]
    MoreThanAPicture,
    /// Photo and thumbnail are written differently.
    #[error("photo and thumbnail are of two formats")]
    TwoFormats,
}

use PictureFault::{MoreThanAPicture, NoPicture};

/// The format of a picture that may be attached in this size.
pub fn check_picture(bytes: &[u8], size: PhotoSize) -> Result<PhotoFormat, PictureFault> {
    let most = size.max_bytes();
    if bytes.len() > most as usize {
        return Err(PictureFault::TooLarge { most });
    }
    if bytes.starts_with(&[0xff, 0xd8]) {
        check_jpeg(&bytes[2..]).map(|()| PhotoFormat::Jpeg)
    } else {
        check_webp(bytes).map(|()| PhotoFormat::Webp)
    }
}

/// Walks the segments up to the end mark, which must be the last bytes.
fn check_jpeg(mut rest: &[u8]) -> Result<(), PictureFault> {
    let mut has_picture = false;
    loop {
        // Any number of fill bytes may stand before a mark.
        let [0xff, mark, behind @ ..] = rest else { return Err(NoPicture) };
        match mark {
            0xff => rest = &rest[1..],
            0xd9 if !has_picture => return Err(NoPicture),
            0xd9 => return if behind.is_empty() { Ok(()) } else { Err(MoreThanAPicture) },
            _ => {
                let (content, after) = segment(behind)?;
                if !belongs_to_a_jpeg(*mark, content) {
                    return Err(MoreThanAPicture);
                }
                has_picture |= *mark == 0xda;
                rest = if *mark == 0xda { behind_scan(after) } else { after };
            }
        }
    }
}

fn segment(bytes: &[u8]) -> Result<(&[u8], &[u8]), PictureFault> {
    let length = bytes.first_chunk::<2>().map(|length| u16::from_be_bytes(*length) as usize);
    let (segment, rest) = length.and_then(|length| bytes.split_at_checked(length)).ok_or(NoPicture)?;
    Ok((segment.get(2..).ok_or(NoPicture)?, rest))
}

/// Tables, frames and scans; JFIF, colour profile and Adobe's colour mark. Not EXIF, XMP, IPTC, a second picture or
/// a remark.
fn belongs_to_a_jpeg(mark: u8, content: &[u8]) -> bool {
    match mark {
        0xc0..=0xcf | 0xda..=0xdf => true,
        0xe0 => content.starts_with(b"JFIF\0"),
        0xe2 => content.starts_with(b"ICC_PROFILE\0"),
        0xee => content.starts_with(b"Adobe"),
        _ => false,
    }
}

/// What follows the coded rows of a scan: the first mark that is neither stuffing nor a restart.
fn behind_scan(rows: &[u8]) -> &[u8] {
    let is_mark = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7);
    rows.windows(2).position(is_mark).map_or(&[], |at| &rows[at..])
}

/// Walks the chunks; the outer length must reach exactly to the last byte.
fn check_webp(bytes: &[u8]) -> Result<(), PictureFault> {
    let Some((head, mut rest)) = bytes.split_at_checked(12) else { return Err(NoPicture) };
    if &head[..4] != b"RIFF" || &head[8..] != b"WEBP" {
        return Err(NoPicture);
    }
    let announced = u32_of(&head[4..8]) as usize + 8;
    if announced != bytes.len() {
        return Err(if announced < bytes.len() { MoreThanAPicture } else { NoPicture });
    }
    let mut has_picture = false;
    while let Some((name, behind)) = rest.split_at_checked(8) {
        let length = u32_of(&name[4..]) as usize;
        rest = behind.get(length + length % 2..).ok_or(NoPicture)?;
        match &name[..4] {
            b"VP8 " | b"VP8L" => has_picture = true,
            b"VP8X" | b"ALPH" | b"ICCP" => {}
            _ => return Err(MoreThanAPicture),
        }
    }
    if has_picture && rest.is_empty() { Ok(()) } else { Err(NoPicture) }
}

fn u32_of(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |four| u32::from_le_bytes(*four))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(mark: u8, content: &[u8]) -> Vec<u8> {
        [&[0xff, mark][..], &(content.len() as u16 + 2).to_be_bytes(), content].concat()
    }

    /// The frame of a JPEG with these segments before its scan.
    fn jpeg(parts: &[Vec<u8>]) -> Vec<u8> {
        let scan = [part(0xda, &[1, 1, 0, 0, 63, 0]), vec![7, 0xff, 0, 9, 0xff, 0xd0, 3]].concat();
        [vec![0xff, 0xd8], parts.concat(), scan, vec![0xff, 0xd9]].concat()
    }

    fn webp(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let chunk = |(name, content): &(&[u8; 4], &[u8])| {
            let padding = vec![0; content.len() % 2];
            [&name[..], &(content.len() as u32).to_le_bytes(), content, &padding].concat()
        };
        let body: Vec<u8> = chunks.iter().flat_map(chunk).collect();
        [b"RIFF", &(body.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &body].concat()
    }

    fn check(bytes: &[u8]) -> Result<PhotoFormat, PictureFault> {
        check_picture(bytes, PhotoSize::Full)
    }

    #[test]
    fn plain_pictures_of_both_formats_fit() {
        let tables =
            [part(0xe0, b"JFIF\0\x01\x01"), part(0xdb, &[0; 65]), part(0xe2, b"ICC_PROFILE\0\x01\x01")];
        assert_eq!(check(&jpeg(&tables)), Ok(PhotoFormat::Jpeg));
        assert_eq!(check(&webp(&[(b"VP8 ", &[1, 2, 3])])), Ok(PhotoFormat::Webp));
        assert_eq!(
            check(&webp(&[(b"VP8X", &[0; 10]), (b"ALPH", &[0]), (b"VP8 ", &[1])])),
            Ok(PhotoFormat::Webp)
        );
    }

    #[test]
    fn the_cameras_notes_do_not_pass() {
        let notes = [
            part(0xe1, b"Exif\0\0MM\0*"),
            part(0xe1, b"http://ns.adobe.com/xap/1.0/\0"),
            part(0xed, b"Photoshop 3.0\0"),
            part(0xe2, b"MPF\0"),
            part(0xfe, "北纬四十二度".as_bytes()),
        ];
        for note in notes {
            assert_eq!(check(&jpeg(std::slice::from_ref(&note))), Err(MoreThanAPicture), "{note:?}");
        }
        // Behind the first scan, where a reader of the head alone would not look.
        let plain = jpeg(&[]);
        let late = [&plain[..plain.len() - 2], &part(0xe1, b"Exif\0\0"), &[0xff, 0xd9]].concat();
        assert_eq!(check(&late), Err(MoreThanAPicture));
        assert_eq!(check(&[plain, vec![0]].concat()), Err(MoreThanAPicture), "behind the end");
        for name in [b"EXIF", b"XMP ", b"ANIM", b"junk"] {
            assert_eq!(check(&webp(&[(b"VP8 ", &[1, 2]), (name, &[0; 4])])), Err(MoreThanAPicture));
        }
        assert_eq!(check(&[webp(&[(b"VP8 ", &[1, 2])]), vec![0]].concat()), Err(MoreThanAPicture));
    }

    #[test]
    fn what_is_cut_short_or_something_else_is_no_picture() {
        for whole in [jpeg(&[part(0xdb, &[0; 65])]), webp(&[(b"VP8L", &[1, 2, 3])])] {
            for length in 0..whole.len() {
                assert_eq!(check(&whole[..length]), Err(NoPicture), "{length} bytes");
            }
        }
        for other in [&b"\x89PNG\r\n\x1a\n"[..], b"<svg/>", b"%PDF-1.7", &[0xff, 0xd8, 0xff, 0xd9]] {
            assert_eq!(check(other), Err(NoPicture));
        }
        assert_eq!(check(&webp(&[(b"VP8X", &[0; 10])])), Err(NoPicture), "a frame without a picture");
    }

    #[test]
    fn each_size_has_its_limit() {
        let large = webp(&[(b"VP8 ", &vec![0; super::super::MAX_THUMB_BYTES as usize])]);
        assert_eq!(check(&large), Ok(PhotoFormat::Webp));
        let most = super::super::MAX_THUMB_BYTES;
        assert_eq!(check_picture(&large, PhotoSize::Thumb), Err(PictureFault::TooLarge { most }));
    }
}
