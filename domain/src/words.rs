//! Closed lists of words: roles, states, codes. Declared by [`words!`](crate::words!), one list for one enum.

use std::str::FromStr;

/// A text that names no known word of a closed list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: {text:?}")]
pub struct UnknownWord {
    /// The list that was asked.
    pub kind: &'static str,
    /// The word that it does not hold, cut to 40 characters.
    pub text: String,
}

/// What every list of words can say of itself, for code that reads words of any list.
pub trait Word: Copy + FromStr<Err = UnknownWord> + 'static {
    /// Every word of the list, in its order.
    const ALL: &'static [Self];

    /// The word as it is stored and sent.
    fn as_str(self) -> &'static str;
}

/// Declares a closed list of words.
///
/// Each is a text in snake_case wherever it is stored, sent or written by hand: TOML, JSON, CBOR. A reader that
/// meets a word it does not know refuses what it reads, also where the word is optional.
///
/// A list with `else { Unknown = "unknown", }` behind it is read more kindly: a CBOR reader takes a word from a newer
/// writer for that one, which is not in `ALL` and is never sent.
#[macro_export]
macro_rules! words {
    (@stranger $name:ident, $error:ident, $at:ident) => {
        Err(minicbor::decode::Error::message($error.to_string()).at($at))
    };
    (@stranger $name:ident, $error:ident, $at:ident, $unknown:ident) => {{
        let (_, _) = ($error, $at);
        Ok($name::$unknown)
    }};
    ($(#[$doc:meta])* $name:ident {
        $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+
    } $(else { $(#[$udoc:meta])* $unknown:ident = $uword:literal, })?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)+
            $($(#[$udoc])* #[serde(rename = $uword)] $unknown,)?
        }

        impl $name {
            /// Every word of the list, in its order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The word as it is stored and sent.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ $($name::$unknown => $uword,)? }
            }
        }

        impl $crate::words::Word for $name {
            const ALL: &'static [Self] = $name::ALL;

            fn as_str(self) -> &'static str {
                $name::as_str(self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok($name::$variant),)+
                    $($uword => Ok($name::$unknown),)?
                    _ => Err($crate::words::UnknownWord {
                        kind: stringify!($name),
                        text: text.chars().take(40).collect(),
                    }),
                }
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.str(self.as_str())?;
                Ok(())
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                let at = d.position();
                match d.str()?.parse::<$name>() {
                    Ok(word) => Ok(word),
                    Err(error) => $crate::words!(@stranger $name, error, at $(, $unknown)?),
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use minicbor::{Decode, Encode};

    use crate::org::NamingScheme;
    use crate::refusal::RefusalCode;
    use crate::wire::{ErrorCode, Refusal};

    #[derive(Debug, PartialEq, Encode, Decode)]
    #[cbor(map)]
    struct Signpost {
        #[n(0)]
        front: NamingScheme,
        #[n(1)]
        back: Option<NamingScheme>,
    }

    #[test]
    fn a_word_is_its_text_everywhere() {
        for word in NamingScheme::ALL {
            assert_eq!(word.as_str().parse::<NamingScheme>().unwrap(), *word);
            assert_eq!(word.to_string(), word.as_str());
            assert_eq!(minicbor::to_vec(word).unwrap(), minicbor::to_vec(word.as_str()).unwrap());
        }
    }

    #[test]
    fn an_unknown_word_refuses_the_whole_also_where_it_is_optional() {
        let honest = Signpost { front: NamingScheme::Qi, back: Some(NamingScheme::Xian) };
        let mut bytes = minicbor::to_vec(&honest).unwrap();
        assert_eq!(minicbor::decode::<Signpost>(&bytes).unwrap(), honest);
        let place = bytes.windows(4).position(|word| word == b"xian").unwrap();
        bytes[place..place + 4].copy_from_slice(b"zhou");
        assert!(minicbor::decode::<Signpost>(&bytes).is_err());
    }

    #[test]
    fn a_code_from_a_newer_server_is_read_as_unknown_and_the_rest_stays() {
        let refusal = Refusal { code: RefusalCode::NoRight, slot: None, detail: Some("why".into()) };
        let mut bytes = minicbor::to_vec(&refusal).unwrap();
        let place = bytes.windows(8).position(|word| word == b"no_right").unwrap();
        bytes[place..place + 8].copy_from_slice(b"no_ghost");
        let read: Refusal = minicbor::decode(&bytes).unwrap();
        assert_eq!(read, Refusal { code: RefusalCode::Unknown, ..refusal });
        assert!(!RefusalCode::Unknown.plain().is_empty() && !RefusalCode::Unknown.calls_for_rewrite());
        let again = minicbor::to_vec(&read).unwrap();
        assert_eq!(minicbor::decode::<Refusal>(&again).unwrap(), read, "a client can store what it read");

        assert_eq!(
            minicbor::decode::<ErrorCode>(&minicbor::to_vec("teapot").unwrap()).unwrap(),
            ErrorCode::Unknown
        );
        assert!(minicbor::decode::<ErrorCode>(&minicbor::to_vec(7).unwrap()).is_err(), "a number is no word");
        assert!("teapot".parse::<ErrorCode>().is_err(), "kindness is for the wire alone");
    }

    #[test]
    fn unknown_is_no_word_of_the_lists() {
        assert!(!RefusalCode::ALL.contains(&RefusalCode::Unknown));
        assert!(!ErrorCode::ALL.contains(&ErrorCode::Unknown));
    }

    #[test]
    fn a_strange_word_is_named_and_cut() {
        let error = "x".repeat(90).parse::<NamingScheme>().unwrap_err();
        assert_eq!((error.kind, error.text.len()), ("NamingScheme", 40));
        assert!("Qi".parse::<NamingScheme>().is_err(), "words are lower case");
    }
}
