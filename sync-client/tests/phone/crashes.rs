//! The process dies between any two acts of the store, at each of them in turn.

use zhibu_domain::command::AboutField::{Place, Theme, Title};
use zhibu_domain::refusal::RefusalCode;
use zhibu_sync_client::error::SyncError;

use crate::support::{Phone, Server, activity, set};

async fn write_down(phone: &Phone) -> Result<(), SyncError> {
    phone.client.execute(&activity(1), set(Title, "主题党日")).await?;
    phone.client.execute(&activity(1), set(Place, "禁地")).await?;
    phone.client.execute(&activity(1), set(Theme, "学党史")).await?;
    phone.client.execute(&activity(2), set(Title, "党课")).await?;
    phone.client.sync().await?;
    Ok(())
}

#[tokio::test]
async fn a_kill_at_any_point_loses_nothing_and_repeats_nothing() {
    for commits in 0.. {
        let server = Server::start();
        server.refuse_word("禁地", RefusalCode::WrongValue);
        let mut phone = Phone::enrolled(&server, "王书记").await;
        server.with(|state| state.now = state.now.plus(crate::support::TOKEN_MS));
        phone.surroundings.advance(crate::support::TOKEN_MS);
        phone.client.store().crash_after(commits);
        let outcome = write_down(&phone).await;
        let crashed = phone.client.store().has_crashed();
        assert_eq!(outcome.is_err(), crashed, "after {commits} commits: {outcome:?}");
        phone.restart().await;
        // The person looks at the screen and does what is not there yet; doing the rest again changes nothing.
        if phone.client.refused().await.unwrap().is_empty() {
            write_down(&phone).await.unwrap();
        }
        phone.client.sync().await.unwrap();

        let view = phone.view(&activity(1)).await;
        assert_eq!(
            (view.text(Title), view.text(Place), view.text(Theme)),
            (Some("主题党日"), None, Some("学党史"))
        );
        assert_eq!(phone.text(&activity(2), Title).await.as_deref(), Some("党课"));
        assert_eq!(phone.client.refused().await.unwrap().len(), 1, "after {commits} commits");
        assert_eq!(server.log_len(), 3, "after {commits} commits");
        let status = phone.client.status().await.unwrap();
        assert_eq!((status.pending, status.in_envelope, status.receipted), (0, 0, 3));
        if !crashed {
            assert!(commits > 8, "the story has more than {commits} acts");
            break;
        }
    }
}

#[tokio::test]
async fn an_enrolment_whose_answer_was_lost_gives_the_same_device() {
    let server = Server::start();
    let mut phone = Phone::unenrolled(&server).await;
    let invite = server.invite("王书记");
    *phone.line.lose_answer.lock().unwrap() = true;
    phone.client.enrol(&invite, "王书记").await.unwrap_err();
    phone.restart().await;
    phone.client.enrol(&invite, "王书记").await.unwrap();
    phone.client.sync().await.unwrap();
    let again = phone.client.enrol(&invite, "王书记").await;
    assert!(matches!(again, Err(SyncError::AlreadyEnrolled)));
    let thief = Phone::unenrolled(&server).await;
    assert!(matches!(thief.client.enrol(&invite, "别人").await, Err(SyncError::InviteSpent)));
}
