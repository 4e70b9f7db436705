//! Identities. Sixteen bytes each, so that a table, a wire message and a record key agree on the size.
//!
//! An id that a device makes by itself is a UUIDv7 ([`new_v7`]); an id that follows from natural keys is a
//! UUIDv5 ([`natural`]), so that two phones without signal arrive at the same one.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Millis;

/// The namespace of all natural ids of Zhibu. Changing it would orphan every record: never do.
const NAMESPACE: Uuid = Uuid::from_u128(0x5a68_6962_752d_8a01_b0c0_ffee_0000_0001);

/// A text that should have been an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: {text:?}")]
pub struct InvalidId {
    /// What it should have been.
    pub kind: &'static str,
    /// What was given, cut to 40 characters.
    pub text: String,
}

/// An UUIDv7 from a time and ten random bytes; the caller brings both.
pub fn new_v7(now: Millis, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.0).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// The id that follows from natural keys: the parts are joined as bytes, each behind its length.
pub fn natural(parts: &[&[u8]]) -> Uuid {
    let mut name = Vec::new();
    for part in parts {
        name.extend_from_slice(&(part.len() as u32).to_be_bytes());
        name.extend_from_slice(part);
    }
    Uuid::new_v5(&NAMESPACE, &name)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
        pub struct $name(pub Uuid);

        impl $name {
            /// The sixteen bytes, as stored and as sent.
            pub const fn bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// From sixteen bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId {
                    kind: stringify!($name),
                    text: text.chars().take(40).collect(),
                })
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: encode::Write>(
                &self,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), encode::Error<W::Error>> {
                e.bytes(self.bytes())?;
                Ok(())
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                let at = d.position();
                let bytes: [u8; 16] = d.bytes()?.try_into().map_err(|_| {
                    decode::Error::message(concat!(stringify!($name), " is not 16 bytes")).at(at)
                })?;
                Ok(Self::from_bytes(bytes))
            }
        }
    };
}

id!(
    /// A district: the partition of everything. Also the id of its root [`OrgId`].
    DistrictId
);
id!(
    /// A node of the organisation tree, of any type.
    OrgId
);
id!(
    /// A person on a roster.
    MemberId
);
id!(
    /// A login with roles at orgs.
    AccountId
);
id!(
    /// An enrolled phone or laptop, or a staff account's own hand on the server.
    DeviceId
);
id!(
    /// One record, one Automerge document.
    RecordId
);
id!(
    /// An entry inside a record: an event, a claim, a resolution, a follow-up.
    EntryId
);
id!(
    /// A single-use invitation.
    InviteId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn natural_ids_depend_on_each_part_and_on_where_it_ends() {
        assert_eq!(natural(&[b"ab", b"c"]), natural(&[b"ab", b"c"]));
        assert_ne!(natural(&[b"ab", b"c"]), natural(&[b"a", b"bc"]));
        assert_ne!(natural(&[b"ab"]), natural(&[b"ab", b""]));
    }

    #[test]
    fn an_id_survives_text_and_cbor() {
        let id = MemberId(new_v7(Millis(1_790_000_000_000), [7; 10]));
        assert_eq!(id.to_string().parse::<MemberId>().unwrap(), id);
        let bytes = minicbor::to_vec(id).unwrap();
        assert_eq!(bytes.len(), 17);
        assert_eq!(minicbor::decode::<MemberId>(&bytes).unwrap(), id);
        assert!(minicbor::decode::<MemberId>(&[0x42, 1, 2]).is_err());
        assert!("nonsense".parse::<MemberId>().is_err());
    }
}
