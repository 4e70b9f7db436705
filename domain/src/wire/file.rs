//! Envelopes that travel as a file: one behind the other, nothing around them.

use minicbor::Decoder;
use minicbor::decode::Error;

use super::{Envelope, EnvelopeBody, MAX_ENVELOPE_BYTES};

/// The signature and the framing around a body.
const ENVELOPE_OVERHEAD_BYTES: usize = 256;

/// The bytes of each envelope in a file. A file that breaks off ends with an error, behind what came whole.
pub fn envelopes_in(file: &[u8]) -> impl Iterator<Item = Result<&[u8], Error>> {
    let mut rest = file;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut decoder = Decoder::new(rest);
        if let Err(error) = decoder.skip() {
            rest = &[];
            return Some(Err(error));
        }
        let (envelope, behind) = rest.split_at(decoder.position());
        rest = behind;
        Some(Ok(envelope))
    })
}

/// What is inside an envelope that somebody else wrote. Its signature is the server's to judge.
pub fn read_envelope(bytes: &[u8]) -> Result<EnvelopeBody, Error> {
    if bytes.len() > MAX_ENVELOPE_BYTES + ENVELOPE_OVERHEAD_BYTES {
        return Err(Error::message("too large"));
    }
    let envelope: Envelope = minicbor::decode(bytes)?;
    minicbor::decode(&envelope.body)
}
