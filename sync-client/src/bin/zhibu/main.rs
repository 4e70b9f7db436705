//! `zhibu`: one phone per data folder, on the command line.
//!
//! Parses, calls the library, prints. With `--json` every command prints one JSON document; without, plain Chinese.

mod activities;
mod arguments;
mod carrying;
mod device;
mod fault;
mod glossary;
mod photos;
mod points;
mod recording;
mod refusals;
mod reviews;
mod session;
mod words;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use fault::Fault;
use session::Session;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let json = arguments.json;
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            fault.report(json);
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Fault> {
    let Arguments { data, json, command } = arguments;
    if let Command::Enrol { link, name } = &command {
        return device::enrol(&data, json, link, name).await;
    }
    let session = Session::open(&data, json).await?;
    match command {
        Command::Enrol { .. } => Ok(()),
        Command::Sync => device::sync(&session).await,
        Command::Rebuild { record, .. } => device::rebuild(&session, record.as_deref()).await,
        Command::Status => device::status(&session).await,
        Command::List { year } => activities::list(&session, year).await,
        Command::Year { year, branch } => activities::fetch_year(&session, year, branch.as_deref()).await,
        Command::Roster { branch } => activities::roster(&session, branch.as_deref()).await,
        Command::Show { record } => activities::show(&session, &record).await,
        Command::History { record, slot } => activities::history(&session, &record, &slot).await,
        Command::NewActivity(new) => recording::create(&session, new).await,
        Command::Roll(roll) => recording::roll(&session, roll).await,
        Command::Minutes(minutes) => recording::minutes(&session, minutes).await,
        Command::Set { record, field, value } => recording::set(&session, &record, &field, &value).await,
        Command::Agenda { record, text } => recording::agenda(&session, &record, text).await,
        Command::Resolution(resolution) => recording::resolution(&session, resolution).await,
        Command::FollowUp(follow_up) => recording::follow_up(&session, follow_up).await,
        Command::Photo { action } => photos::run(&session, action).await,
        Command::Quorum { record } => activities::quorum(&session, &record).await,
        Command::Resolve { record, slot, choice } => {
            recording::resolve(&session, &record, &slot, &choice).await
        }
        Command::Submit { record } => reviews::submit(&session, &record).await,
        Command::File { record } => reviews::file(&session, &record).await,
        Command::Return { record, slot, comment } => {
            reviews::send_back(&session, &record, slot, comment).await
        }
        Command::Redo { record, reason } => reviews::redo(&session, &record, &reason).await,
        Command::Reopen { record } => reviews::reopen(&session, &record).await,
        Command::Void { record } => reviews::void(&session, &record).await,
        Command::Amend { record, slot, text } => reviews::amend(&session, &record, slot, text).await,
        Command::Claim(claim) => points::claim(&session, claim).await,
        Command::Verify { entry } => points::judge(&session, &entry, "verified", None).await,
        Command::Approve { entry } => points::judge(&session, &entry, "approved", None).await,
        Command::TownshipFile { entry } => points::judge(&session, &entry, "township_filed", None).await,
        Command::Decline { entry, reason } => {
            points::judge(&session, &entry, "declined", Some(&reason)).await
        }
        Command::Reverse { entry, reason } => {
            points::judge(&session, &entry, "reversed", Some(&reason)).await
        }
        Command::Points { member, branch, on } => points::show(&session, member, branch.as_deref(), on).await,
        Command::Unsent { file } => carrying::write_unsent(&session, &file).await,
        Command::Carry { file } => carrying::take_over(&session, &file).await,
        Command::Refused { action } => refusals::run(&session, action).await,
    }
}
