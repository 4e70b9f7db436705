//! Vouchers: the server's word that it has stored something, in 16 bytes. A server that is restored from a backup takes
//! back what it vouched for, from whoever brings it: the district's secret is in the backup, too.

use aws_lc_rs::{constant_time, hmac};
use zhibu_domain::record::ChangeHash;
use zhibu_domain::wire::Voucher;

/// Nobody tries 2^64 codes through a door that takes one at a time; the rest is margin.
const CODE_BYTES: usize = 16;

/// The key of a district's vouchers.
pub(super) struct VoucherKey(hmac::Key);

impl VoucherKey {
    /// Made of the secret that signs tokens; the context under the code keeps the two apart.
    pub(super) fn of(token_secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, token_secret))
    }

    /// The code over these names.
    pub(super) fn code(&self, generation: &[u8], names: &[ChangeHash]) -> Vec<u8> {
        let names: Vec<u8> = names.iter().flat_map(|name| name.0).collect();
        self.sign(generation, &names)
    }

    /// Whether this server, or the one that it was restored from, gave this voucher.
    pub(super) fn is_ours(&self, voucher: &Voucher) -> bool {
        let code = self.sign(&voucher.generation, &voucher.names);
        constant_time::verify_slices_are_equal(&code, &voucher.code).is_ok()
    }

    fn sign(&self, generation: &[u8], names: &[u8]) -> Vec<u8> {
        let tag = hmac::sign(&self.0, &Voucher::covered_bytes(generation, names));
        tag.as_ref()[..CODE_BYTES].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voucher_speaks_for_what_it_names_in_its_generation_and_for_nothing_else() {
        let key = VoucherKey::of(&[7; 32]);
        let names = [ChangeHash([1; 32]), ChangeHash([2; 32])];
        let voucher = Voucher {
            generation: vec![9; 16],
            code: key.code(&[9; 16], &names),
            names: names.iter().flat_map(|name| name.0).collect(),
            packs: Vec::new(),
        };
        assert!(key.is_ours(&voucher));
        assert_eq!(voucher.changes().collect::<Vec<_>>(), names);
        assert!(!VoucherKey::of(&[8; 32]).is_ours(&voucher));
        assert!(!key.is_ours(&Voucher { generation: vec![8; 16], ..voucher.clone() }));
        assert!(!key.is_ours(&Voucher { names: vec![1; 32], ..voucher.clone() }));
        assert!(!key.is_ours(&Voucher { code: voucher.code[..8].to_vec(), ..voucher.clone() }));
        assert!(!key.is_ours(&Voucher { code: Vec::new(), ..voucher }));
    }
}
