//! Photos of an activity: what the record says about each, and what a photo may be.
//!
//! The record holds names and sizes only. The pictures are *blobs*, named by their SHA-256, which travel apart and
//! after the text. Nothing here asks for a photo: an activity without any is complete.

mod picture;

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::words;

pub use picture::{PictureFault, check_picture};

/// Most photos of one activity at a time. The third is the last: a record book is no album.
pub const MAX_PHOTOS: usize = 3;
/// Largest photo, in bytes: what a phone makes of 1600 pixels is a third of it.
pub const MAX_PHOTO_BYTES: u32 = 1 << 20;
/// Largest thumbnail, in bytes: small enough to reach the reviewer over any signal that carries text.
pub const MAX_THUMB_BYTES: u32 = 16 << 10;

words! {
    /// How a photo is written, as HTTP names it.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    PhotoFormat {
        /// JPEG.
        Jpeg = "image/jpeg",
        /// WebP, one still picture.
        Webp = "image/webp",
    }
}

words! {
    /// In which of its two sizes a photo is meant.
    #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
    PhotoSize {
        /// Small, and sent first.
        Thumb = "thumb",
        /// As large as it is kept.
        Full = "full",
    }
}

impl PhotoSize {
    /// Most bytes in this size.
    pub const fn max_bytes(self) -> u32 {
        match self {
            PhotoSize::Thumb => MAX_THUMB_BYTES,
            PhotoSize::Full => MAX_PHOTO_BYTES,
        }
    }
}

/// One photo, written once under its own id. It says nothing about place, camera or time: those are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Attachment {
    /// The photo.
    #[n(0)]
    pub photo: BlobHash,
    /// Its bytes, at most [`MAX_PHOTO_BYTES`].
    #[n(1)]
    pub size_bytes: u32,
    /// The same, small.
    #[n(2)]
    pub thumb: BlobHash,
    /// The thumbnail's bytes, at most [`MAX_THUMB_BYTES`].
    #[n(3)]
    pub thumb_bytes: u32,
    /// How both are written.
    #[n(4)]
    pub mime: PhotoFormat,
}

impl Attachment {
    /// The entry for these two pictures, if both are such as may be attached and of one format.
    pub fn of(photo: &[u8], thumb: &[u8]) -> Result<Self, PictureFault> {
        let mime = check_picture(photo, PhotoSize::Full)?;
        if check_picture(thumb, PhotoSize::Thumb)? != mime {
            return Err(PictureFault::TwoFormats);
        }
        let [size_bytes, thumb_bytes] = [photo.len() as u32, thumb.len() as u32];
        Ok(Self { photo: BlobHash::of(photo), size_bytes, thumb: BlobHash::of(thumb), thumb_bytes, mime })
    }

    /// The blob in one of its sizes, and how many bytes it has.
    pub const fn blob(&self, size: PhotoSize) -> (BlobHash, u32) {
        match size {
            PhotoSize::Thumb => (self.thumb, self.thumb_bytes),
            PhotoSize::Full => (self.photo, self.size_bytes),
        }
    }

    /// In which size it names a blob, if it does.
    pub fn size_of(&self, blob: BlobHash) -> Option<PhotoSize> {
        PhotoSize::ALL.iter().copied().find(|size| self.blob(*size).0 == blob)
    }

    /// Whether a record may hold it.
    pub(crate) fn is_fit(&self) -> bool {
        let fits = |size: PhotoSize| (1..=size.max_bytes()).contains(&self.blob(size).1);
        PhotoSize::ALL.iter().all(|size| fits(*size)) && self.photo != self.thumb
    }
}

/// The SHA-256 that names a blob.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
pub struct BlobHash(pub [u8; 32]);

impl BlobHash {
    /// The name of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not the 64 lower-case hexadecimal digits of a blob's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a blob name")]
pub struct NotABlobHash;

impl FromStr for BlobHash {
    type Err = NotABlobHash;

    /// One spelling for each name, so that none is stored twice.
    fn from_str(text: &str) -> Result<Self, NotABlobHash> {
        let digit = |c: u8| match c {
            b'0'..=b'9' => Ok(c - b'0'),
            b'a'..=b'f' => Ok(c - b'a' + 10),
            _ => Err(NotABlobHash),
        };
        let mut bytes = [0; 32];
        if text.len() != 2 * bytes.len() {
            return Err(NotABlobHash);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for BlobHash {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BlobHash {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<C> Encode<C> for BlobHash {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.bytes(&self.0)?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for BlobHash {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let at = d.position();
        let bytes = d.bytes()?.try_into();
        bytes.map(Self).map_err(|_| decode::Error::message("a blob name is 32 bytes").at(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_has_one_name_in_one_spelling() {
        let hash = BlobHash::of("照片".as_bytes());
        assert_eq!(hash.to_string().parse(), Ok(hash));
        let spellings = [hash.to_string().to_uppercase(), hash.to_string()[1..].to_owned(), "é".repeat(32)];
        assert!(spellings.iter().all(|text| text.parse::<BlobHash>().is_err()), "{spellings:?}");
    }

    #[test]
    fn an_entry_names_two_blobs_of_bounded_size() {
        let entry = Attachment {
            photo: BlobHash([1; 32]),
            size_bytes: MAX_PHOTO_BYTES,
            thumb: BlobHash([2; 32]),
            thumb_bytes: MAX_THUMB_BYTES,
            mime: PhotoFormat::Jpeg,
        };
        assert!(entry.is_fit());
        assert_eq!(entry.size_of(BlobHash([2; 32])), Some(PhotoSize::Thumb));
        assert_eq!(entry.size_of(BlobHash([3; 32])), None);
        let unfit = [
            Attachment { size_bytes: 0, ..entry },
            Attachment { size_bytes: MAX_PHOTO_BYTES + 1, ..entry },
            Attachment { thumb_bytes: MAX_THUMB_BYTES + 1, ..entry },
            Attachment { thumb: entry.photo, ..entry },
        ];
        assert!(unfit.iter().all(|entry| !entry.is_fit()));
    }
}
