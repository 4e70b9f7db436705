//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Zhibu on the command line: one phone per data folder.
#[derive(Debug, Parser)]
#[command(name = "zhibu", version)]
pub(crate) struct Arguments {
    /// This phone's data folder
    #[arg(long, global = true, env = "ZHIBU_DATA", default_value = "zhibu-data")]
    pub(crate) data: PathBuf,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// RECORD and ENTRY are ids, or the beginning or the end of one.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make this folder a device of an account, by an invite link
    Enrol {
        /// http(s)://HOST/enrol#SECRET
        link: String,
        /// Label of this device
        #[arg(long)]
        name: String,
    },
    /// Deliver what waits and read what is new
    Sync,
    /// Read a record's year, or everything, from the server once more; what is unsent stays
    Rebuild {
        #[arg(required_unless_present = "all")]
        record: Option<String>,
        #[arg(long, conflicts_with = "record")]
        all: bool,
    },
    /// Where this phone stands
    Status,
    /// The activities held
    List {
        #[arg(long)]
        year: Option<u16>,
    },
    /// Fetch an older year of a branch; without a signal it comes with the next sync
    Year {
        year: u16,
        #[arg(long)]
        branch: Option<String>,
    },
    /// The people of a branch, in roster order
    Roster {
        #[arg(long)]
        branch: Option<String>,
    },
    /// One activity, whole
    Show { record: String },
    /// Everything ever written at a slot, e.g. about.place or minutes
    History { record: String, slot: String },
    /// Plan or record an activity
    NewActivity(NewActivity),
    /// Mark members; members by roster number or name
    Roll(Roll),
    /// Write the minutes
    Minutes(Minutes),
    /// Set a field, e.g. place; an empty value clears it
    Set {
        record: String,
        /// title, theme, planned_at, held_from, held_to, place, host, recorder, lecturer, lecture_title, hours, ...
        field: String,
        value: String,
    },
    /// Add an agenda item
    Agenda { record: String, text: String },
    /// Add a resolution and its vote
    #[command(alias = "vote")]
    Resolution(Resolution),
    /// Add a follow-up
    FollowUp(FollowUp),
    /// Attach, remove or read a photo of an activity; never asked for
    Photo {
        #[command(subcommand)]
        action: PhotoAction,
    },
    /// Should-attend, present, passes or not; works offline
    Quorum { record: String },
    /// Settle a merge card
    Resolve {
        record: String,
        slot: String,
        /// The value that stays, or its number in `show`, counted from 1
        choice: String,
    },
    /// Confirm and submit an activity
    Submit { record: String },
    /// File a submitted activity
    File { record: String },
    /// Return an activity with a comment
    Return {
        record: String,
        /// The slot that is to be put right, e.g. about.place
        #[arg(long)]
        slot: Option<String>,
        #[arg(long)]
        comment: String,
    },
    /// Require that an activity is held again
    Redo {
        record: String,
        /// no_quorum, no_topic, wrong_attendees, not_held
        #[arg(long)]
        reason: String,
    },
    /// Open a filed or void activity again
    Reopen { record: String },
    /// Declare an activity void
    Void { record: String },
    /// Add a correction to a filed activity
    Amend {
        record: String,
        #[arg(long)]
        slot: String,
        #[arg(long)]
        text: String,
    },
    /// Claim points
    Claim(Claim),
    /// Verify a claim (group leader)
    Verify { entry: String },
    /// Approve a claim (committee)
    Approve { entry: String },
    /// File a claim (township)
    TownshipFile { entry: String },
    /// Decline a claim
    Decline {
        entry: String,
        /// no_evidence, duplicate, wrong_rule, wrong_date, wrong_units, mistake
        #[arg(long)]
        reason: String,
    },
    /// Take an entry back
    Reverse {
        entry: String,
        /// no_evidence, duplicate, wrong_rule, wrong_date, wrong_units, mistake
        #[arg(long)]
        reason: String,
    },
    /// Ledgers, in roster order
    Points {
        /// Only this member
        #[arg(long)]
        member: Option<String>,
        #[arg(long)]
        branch: Option<String>,
        /// A day of the cycle, YYYY-MM-DD; today
        #[arg(long)]
        on: Option<jiff::civil::Date>,
    },
    /// Write everything unsent into a file that another device can carry to the server
    Unsent {
        /// The file to write; it must not exist
        file: PathBuf,
    },
    /// Take over a file of unsent work from another phone; `sync` delivers it
    Carry { file: PathBuf },
    /// What the server did not accept
    Refused {
        #[command(subcommand)]
        action: Option<RefusedAction>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NewActivity {
    /// Kind codes of the rule book, e.g. theme_day,general_meeting
    #[arg(long, value_delimiter = ',', required = true)]
    pub(crate) kinds: Vec<String>,
    #[arg(long)]
    pub(crate) title: String,
    /// YYYY-MM-DDTHH:MM, China time
    #[arg(long)]
    pub(crate) at: String,
    #[arg(long)]
    pub(crate) place: Option<String>,
    #[arg(long)]
    pub(crate) theme: Option<String>,
    #[arg(long)]
    pub(crate) branch: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Roll {
    pub(crate) record: String,
    /// Everybody on the roster is present, but for --except
    #[arg(long)]
    pub(crate) all_present: bool,
    /// Leaves this member unmarked
    #[arg(long, value_delimiter = ',')]
    pub(crate) except: Vec<String>,
    /// MEMBER=STATE, e.g. 12=leave_illness; an empty state takes the mark back
    #[arg(long, value_delimiter = ',')]
    pub(crate) mark: Vec<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false, id = "words")]
pub(crate) struct MinutesWords {
    /// The whole text
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// The whole text, from a file
    #[arg(long)]
    pub(crate) file: Option<PathBuf>,
    /// Text to put at the end
    #[arg(long)]
    pub(crate) append: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Minutes {
    pub(crate) record: String,
    #[command(flatten)]
    pub(crate) words: MinutesWords,
}

#[derive(Debug, Args)]
pub(crate) struct Resolution {
    pub(crate) record: String,
    #[arg(long)]
    pub(crate) text: String,
    /// Code of the decision rule, e.g. general_vote
    #[arg(long)]
    pub(crate) decision: Option<String>,
    #[arg(long)]
    pub(crate) yes: Option<u32>,
    #[arg(long, default_value_t = 0)]
    pub(crate) no: u32,
    #[arg(long, default_value_t = 0)]
    pub(crate) abstain: u32,
    /// Changes this resolution instead of adding one
    #[arg(long)]
    pub(crate) entry: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct FollowUp {
    pub(crate) record: String,
    #[arg(long)]
    pub(crate) text: String,
    /// Member, by number or name
    #[arg(long)]
    pub(crate) owner: Option<String>,
    /// YYYY-MM-DD
    #[arg(long)]
    pub(crate) due: Option<jiff::civil::Date>,
    #[arg(long)]
    pub(crate) done: bool,
    /// Changes this follow-up instead of adding one
    #[arg(long)]
    pub(crate) entry: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Claim {
    /// Code of the point rule, e.g. C01
    #[arg(long)]
    pub(crate) rule: String,
    /// The day of the deed, YYYY-MM-DD
    #[arg(long)]
    pub(crate) date: jiff::civil::Date,
    #[arg(long, default_value_t = 1)]
    pub(crate) units: u32,
    /// The points chosen, for rules that leave a choice
    #[arg(long)]
    pub(crate) points: Option<i32>,
    /// What was done
    #[arg(long)]
    pub(crate) matter: String,
    /// For whom, by number or name; the owner of this phone
    #[arg(long)]
    pub(crate) member: Option<String>,
    #[arg(long)]
    pub(crate) branch: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PhotoAction {
    /// JPEG or WebP without the camera's notes: the photo at most 1 MiB, its thumbnail at most 16 KiB
    Add {
        record: String,
        file: PathBuf,
        /// The same picture, small
        #[arg(long)]
        thumb: PathBuf,
    },
    /// Take a photo away
    Remove { record: String, entry: String },
    /// Write a photo to a file
    Save {
        record: String,
        entry: String,
        out: PathBuf,
        /// The small one
        #[arg(long)]
        thumb: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RefusedAction {
    /// List them
    List,
    /// Show one with what was written
    Show { number: u64 },
    /// Do the same once more
    Resend { number: u64 },
    /// Do it with another value instead (single fields only)
    Correct { number: u64, value: String },
    /// Let it go
    Dismiss { number: u64 },
}
