//! Becoming a device of somebody's account.

use zhibu_domain::wire::{AuthorCard, EnrolRequest, EnrolResponse, PROTOCOL, Profile};

use super::Client;
use crate::error::SyncError;
use crate::invite::Invite;
use crate::keys::DeviceKey;
use crate::store::{Act, DeviceState, HeldToken, LocalStore, Write};
use crate::transport::Transport;

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// Enrols this device with an invite, under a label of at most 40 characters.
    ///
    /// When the answer is lost, the same invite can be asked again from this device: the key is the same, and so
    /// the server gives the same device.
    pub async fn enrol(&self, invite: &Invite, device_name: &str) -> Result<Profile, SyncError> {
        let based_on = self.store.revision().await?;
        if self.store.state().await?.is_some() {
            return Err(SyncError::AlreadyEnrolled);
        }
        let public_key = self.key.public_key();
        let proof = self.key.sign(&EnrolRequest::signed_bytes(&invite.secret, public_key)).await?;
        let request = EnrolRequest {
            protocol: PROTOCOL,
            secret: invite.secret.clone(),
            algorithm: self.key.algorithm(),
            public_key: public_key.to_vec(),
            device_name: device_name.to_owned(),
            proof,
        };
        let response = self.transport.enrol(&request).await?;
        let profile = response.profile.clone();
        let state = first_state(&invite.server, &response, response.token.server_time.0 - self.now().0);
        // An answer does not repeat what it receipts: nothing else would ever bring this phone its own card.
        let own = AuthorCard {
            device: response.device,
            name: profile.name.clone(),
            device_name: device_name.to_owned(),
            member: profile.member,
        };
        let writes = vec![Write::State(state), Write::Profile(response.profile), Write::Author(own)];
        self.store.commit(Act { based_on, writes }).await?;
        Ok(profile)
    }
}

fn first_state(server: &str, response: &EnrolResponse, clock_offset_ms: i64) -> DeviceState {
    let token = &response.token;
    DeviceState {
        server: server.to_owned(),
        device: response.device,
        epoch: 1,
        last_counter: 0,
        next_number: 1,
        token: Some(HeldToken { token: token.token.clone(), expires_at: token.expires_at }),
        last_proof_at: Default::default(),
        clock_offset_ms,
        generation: Vec::new(),
        generation_changed_at: None,
        restored: false,
        last_sync: None,
        receipted_changes: 0,
        receipted_counter: 0,
    }
}
