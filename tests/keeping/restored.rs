//! A server is set back to an older store. What it had receipted comes back from whoever holds it, once, to the byte.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Console, Phone, Server};
use crate::{Finder, all_is_delivered, copy, planned, put_back, server, set_aside, shown};

fn phones(server: &Server) -> (Phone, Phone) {
    let secretary = Phone::enrolled("书记的手机", &server.invite("secretary"));
    let recorder = Phone::enrolled("记录人的手机", &server.invite("recorder"));
    (secretary, recorder)
}

/// The record's log as the server has it, to the byte.
fn on_the_server(server: &Server, activity: &str) -> Vec<u8> {
    let file = server.folder().join(format!("{}.automerge", next()));
    server.admin(&["export-record", activity, "--out", file.to_str().unwrap()]);
    std::fs::read(file).unwrap()
}

fn next() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The reviewer's hand on the server came to be after the backup: only the phones remember whose it is, and that is said.
fn by_the_same_people(shown: &Value) -> String {
    shown.to_string().replace("（手机补报）", "")
}

/// Work of an evening behind the backup: two phones, and the reviewer at the console, each upon what the others wrote.
async fn work(server: &Server, secretary: &Phone, recorder: &Phone, activity: &str) {
    secretary.run(&["roll", activity, "--mark", "1=present,2=present,3=leave_work"]);
    secretary.run(&["sync"]);
    recorder.run(&["sync"]);
    recorder.run(&["set", activity, "place", "文化广场"]);
    recorder.run(&["sync"]);
    secretary.run(&["sync"]);
    secretary.run(&["submit", activity]);
    secretary.run(&["sync"]);
    let reviewer = Console::login(server, "reviewer").await;
    let comment = json!({ "verb": "returned", "slot": "about.paper_ref", "comment": "请补记录本页码。" });
    reviewer.post(&format!("/v1/console/records/{activity}/review"), comment).await;
    secretary.run(&["sync"]);
    // Upon the console's word, which no phone has signed.
    secretary.run(&["set", activity, "paper_ref", "第36页"]);
    secretary.run(&["submit", activity]);
    secretary.run(&["sync"]);
    recorder.run(&["sync"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_receipted_after_the_backup_comes_back_from_one_phone() {
    let mut server = server();
    let (secretary, recorder) = phones(&server);
    let activity = planned(&secretary);
    let aside = set_aside(&mut server);
    work(&server, &secretary, &recorder, &activity).await;
    let before = (shown(&[&secretary, &recorder], &activity), on_the_server(&server, &activity));

    put_back(&mut server, &aside, Finder::Operator);
    // Waiting work that stands upon what is lost.
    secretary.run(&["set", &activity, "theme", "学习党章"]);
    let report = secretary.run(&["sync"]);
    assert!(report["recovered"].as_u64().unwrap() >= 6 && report["refused"] == 0, "{report}");
    secretary.run(&["sync"]);
    assert_eq!(recorder.run(&["sync"])["recovered"], 0, "one has brought what both held");
    let after = shown(&[&secretary, &recorder], &activity);
    assert_eq!(by_the_same_people(&after["events"]), by_the_same_people(&before.0["events"]));
    assert_eq!(
        (&after["about"]["place"], &after["about"]["theme"]),
        (&json!("文化广场"), &json!("学习党章"))
    );
    let history = recorder.run(&["history", &activity, "about.paper_ref"]);
    assert_eq!(history.as_array().unwrap().len(), 1, "once: {history}");
    let said = secretary.run(&["history", &activity, "about.place"]);
    assert!(said.to_string().contains("包文明"), "under the name of whoever wrote it: {said}");
    all_is_delivered(&secretary);
    all_is_delivered(&recorder);

    // The console goes on, under a name of its own: nothing that it writes collides with what came back.
    let reviewer = Console::login(&server, "reviewer").await;
    let comment = json!({ "verb": "returned", "slot": "about.place", "comment": "请核对地点。" });
    reviewer.post(&format!("/v1/console/records/{activity}/review"), comment).await;
    for phone in [&secretary, &recorder] {
        phone.run(&["sync"]);
    }
    assert_eq!(shown(&[&secretary, &recorder], &activity)["status"], "returned");
    server.admin(&["verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_is_the_same_to_the_byte() {
    let mut server = server();
    let (secretary, recorder) = phones(&server);
    let activity = planned(&secretary);
    let aside = set_aside(&mut server);
    work(&server, &secretary, &recorder, &activity).await;
    let (view, bytes) = (shown(&[&secretary, &recorder], &activity), on_the_server(&server, &activity));
    put_back(&mut server, &aside, Finder::Operator);
    assert_ne!(on_the_server(&server, &activity), bytes, "it is lost");
    recorder.run(&["sync"]);
    secretary.run(&["sync"]);
    assert_eq!(on_the_server(&server, &activity), bytes);
    assert_eq!(by_the_same_people(&shown(&[&secretary, &recorder], &activity)), by_the_same_people(&view));
    // Again, to the same backup: the vouchers of the generation between hold as well.
    put_back(&mut server, &aside, Finder::Operator);
    secretary.run(&["sync"]);
    assert_eq!(on_the_server(&server, &activity), bytes);
    server.admin(&["verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_set_back_without_a_word_is_found_out_by_who_wrote() {
    let mut server = server();
    let (secretary, recorder) = phones(&server);
    let activity = planned(&secretary);
    let aside = set_aside(&mut server);
    work(&server, &secretary, &recorder, &activity).await;
    let (view, bytes) = (shown(&[&secretary, &recorder], &activity), on_the_server(&server, &activity));
    put_back(&mut server, &aside, Finder::Phones);
    let report = secretary.run(&["sync"]);
    assert!(report["recovered"].as_u64().unwrap() >= 6, "{report}");
    assert_eq!(on_the_server(&server, &activity), bytes);
    // The server has taken another name by itself, and so the others read anew.
    recorder.run(&["sync"]);
    assert!(recorder.run(&["status"])["server_restored_at"].is_number());
    assert_eq!(by_the_same_people(&shown(&[&secretary, &recorder], &activity)), by_the_same_people(&view));
    assert!(server.log().contains("an old store was put in the place of a newer one"));
    server.admin(&["verify"]);
}

/// Whoever only reads comes back first, once where the log never came again as far as he had read, and once where others
/// have written on in place of what is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_set_back_without_a_word_is_found_out_by_who_read() {
    for goes_on in [false, true] {
        let mut server = server();
        let (secretary, recorder) = phones(&server);
        let reader = Phone::enrolled("党员的手机", &server.invite("member"));
        let activity = planned(&secretary);
        recorder.run(&["sync"]);
        let aside = set_aside(&mut server);
        secretary.run(&["set", &activity, "place", "文化广场"]);
        secretary.run(&["sync"]);
        reader.run(&["sync"]);
        put_back(&mut server, &aside, Finder::Phones);
        if goes_on {
            for theme in ["学习党章", "学习文件"] {
                recorder.run(&["set", &activity, "theme", theme]);
                recorder.run(&["sync"]);
            }
        }
        let report = reader.run(&["sync"]);
        assert_eq!(report["recovered"], 1, "{report}");
        // The generation is another one by now, so that everybody hears of it.
        for phone in [&recorder, &secretary] {
            phone.run(&["sync"]);
            assert!(phone.run(&["status"])["server_restored_at"].is_number());
        }
        let view = shown(&[&secretary, &recorder, &reader], &activity);
        assert!(view.to_string().contains("文化广场"), "{view}");
        assert_eq!(view.to_string().contains("学习文件"), goes_on, "{view}");
        all_is_delivered(&secretary);
        server.admin(&["verify"]);
    }
}

/// Nobody who wrote comes back before the others: whoever only reads would skip what is written where the lost changes
/// stood.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_file_put_back_without_a_word_is_found_out_by_the_server() {
    let mut server = server();
    let (secretary, recorder) = phones(&server);
    let activity = planned(&secretary);
    recorder.run(&["sync"]);
    let aside = set_aside(&mut server);
    secretary.run(&["set", &activity, "place", "文化广场"]);
    secretary.run(&["sync"]);
    recorder.run(&["sync"]);
    let bytes = on_the_server(&server, &activity);
    server.stop();
    put_back(&mut server, &aside, Finder::Server);
    assert!(server.log().contains("an older database was put in the place of this one"), "{}", server.log());
    let report = recorder.run(&["sync"]);
    assert_eq!(report["recovered"], 1, "{report}");
    assert!(recorder.run(&["status"])["server_restored_at"].is_number());
    assert_eq!(on_the_server(&server, &activity), bytes);
    // Said once: the next start finds what the last one left.
    server.stop();
    server.start();
    assert_eq!(recorder.run(&["sync"])["recovered"], 0);
    assert_eq!(server.log().matches("an older database was put in").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lost_its_place_to_a_phone_that_went_back_too_is_kept_apart_and_no_reader_goes_on_showing_it() {
    let mut server = server();
    let (secretary, recorder) = phones(&server);
    let activity = planned(&secretary);
    let (aside, before) = (set_aside(&mut server), TempDir::new().unwrap());
    copy(secretary.folder(), before.path());
    secretary.run(&["set", &activity, "place", "文化广场"]);
    secretary.run(&["sync"]);
    recorder.run(&["sync"]);
    // Waits upon what is about to lose its place.
    recorder.run(&["set", &activity, "theme", "学习党章"]);

    put_back(&mut server, &aside, Finder::Operator);
    std::fs::remove_dir_all(secretary.folder()).unwrap();
    copy(before.path(), secretary.folder());
    // Neither of the two knows that this number was used.
    secretary.run(&["set", &activity, "place", "会议室"]);
    secretary.run(&["sync"]);
    let report = recorder.run(&["sync"]);
    assert_eq!((&report["recovered"], &report["refused"]), (&json!(0), &json!(0)), "{report}");
    secretary.run(&["sync"]);
    let about = &shown(&[&secretary, &recorder], &activity)["about"];
    assert_eq!((&about["place"], &about["theme"]), (&json!("会议室"), &json!("学习党章")));
    all_is_delivered(&secretary);
    all_is_delivered(&recorder);
    let reviewer = Console::login(&server, "reviewer").await;
    let kept = reviewer.get("/v1/console/quarantine").await;
    assert!(kept.to_string().contains("sequence_conflict"), "an official can see it: {kept}");
    server.admin(&["verify"]);
}
