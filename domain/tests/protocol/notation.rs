//! CBOR in words: the diagnostic notation of RFC 8949, section 8; one key of the outermost map a line.

use minicbor::Decoder;
use minicbor::data::Type;

/// The notation of one value.
pub(crate) fn of(bytes: &[u8]) -> String {
    let mut decoder = Decoder::new(bytes);
    let text = value(&mut decoder, 0);
    assert_eq!(decoder.position(), bytes.len(), "one value and nothing behind it");
    text
}

fn value(decoder: &mut Decoder<'_>, depth: usize) -> String {
    match decoder.datatype().unwrap() {
        Type::Map => map(decoder, depth),
        Type::Array => {
            let count = decoder.array().unwrap().unwrap();
            let items: Vec<_> = (0..count).map(|_| value(decoder, depth + 1)).collect();
            format!("[{}]", items.join(", "))
        }
        Type::Bytes => bytes(decoder.bytes().unwrap()),
        Type::String => format!("{:?}", decoder.str().unwrap()),
        Type::Bool => decoder.bool().unwrap().to_string(),
        Type::Null => {
            decoder.null().unwrap();
            "null".to_owned()
        }
        _ => decoder.int().unwrap().to_string(),
    }
}

/// Long byte strings only begin: they stand in full in the hex below, or in another example.
fn bytes(bytes: &[u8]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match bytes.len() {
        0..=32 => format!("h'{}'", hex(bytes)),
        length => format!("h'{}...' ({length} bytes)", hex(&bytes[..8])),
    }
}

fn map(decoder: &mut Decoder<'_>, depth: usize) -> String {
    let count = decoder.map().unwrap().unwrap();
    let pairs: Vec<_> =
        (0..count).map(|_| format!("{}: {}", value(decoder, depth + 1), value(decoder, depth + 1))).collect();
    match depth {
        0 => format!("{{\n  {}\n}}", pairs.join(",\n  ")),
        _ => format!("{{{}}}", pairs.join(", ")),
    }
}
