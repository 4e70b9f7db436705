//! What a number of districts needs: disk, processors, connections. Reckoned from what single things were measured to
//! cost, so that the plan can be checked: measure them again on your own machines and put your numbers here.

use std::fmt::Write as _;

/// What one of each was measured to cost. All of them on 2 shared cores of a virtual machine.
mod measured {
    /// Bytes on disk that one branch writes in a year, log, indexes and projections, before anything is packed. The past of
    /// `cargo xtask bench storm --branches 20 --phones 30 --history-months 12`: 20 branches of 30 members who all mark
    /// and claim each month, 45,401 changes, a SQLite file of 43.5 MB. A busy branch: the demo district writes a quarter.
    pub(super) const BYTES_A_BRANCH_YEAR: f64 = 43.5e6 / 20.0;
    /// What of that is left once it is packed month by month (`zhibu-server compact`) and the file is tight: 6.1 MB.
    pub(super) const SHRINKS_TO: f64 = 6.1 / 43.5;
    /// Seconds of a server's processor for one push: proof, gate, a mark and a claim, the answer with what is new. The
    /// storm of above with one month, on SQLite, where this includes the database's share.
    pub(super) const SERVER_SECONDS_A_PUSH: f64 = 0.000_75;
    /// Seconds of the database's processor for one push in the same storm over Postgres: 0.46 s for 600 phones in 26
    /// commits, the projector's reading and writing included.
    pub(super) const POSTGRES_SECONDS_A_PUSH: f64 = 0.000_77;
}

/// Of all branches, those that come back into signal on the evening of the fixed themed day.
const BRANCHES_THAT_EVENING: f64 = 0.6;
/// Members who press upload in each of them.
const PUSHES_A_BRANCH: f64 = 30.0;
/// How long the evening lasts, in seconds.
const EVENING_S: f64 = 2.0 * 3600.0;
/// How much denser the densest minute is than the evening: everybody presses after the same broadcast.
const BURST: f64 = 3.0;
/// How much of a processor may be in use in that minute.
const LOAD: f64 = 0.5;
/// Processors of one server machine.
const CORES_A_SERVER: f64 = 8.0;

/// What districts there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// How many districts.
    pub districts: u32,
    /// Branches of each.
    pub branches: u32,
    /// Members of each.
    pub members: u32,
    /// Connections of one server to Postgres.
    pub connections: u32,
}

/// What they need.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needs {
    /// Gigabytes a year as they come, and once they are compacted.
    pub gigabytes: (f64, f64),
    /// Pushes a second in the densest minute of the peak evening.
    pub pushes_per_s: f64,
    /// Server processes.
    pub servers: u32,
    /// Processors for all of them together.
    pub server_cores: u32,
    /// Processors for Postgres; none for one district, whose server keeps its file itself.
    pub database_cores: u32,
    /// Connections to Postgres.
    pub connections: u32,
}

impl Extent {
    /// Reckons it up.
    pub fn needs(&self) -> Needs {
        let branches = f64::from(self.districts) * f64::from(self.branches);
        let is_alone = self.districts == 1;
        let raw = branches * measured::BYTES_A_BRANCH_YEAR / 1e9;
        let pushes_per_s = branches * BRANCHES_THAT_EVENING * PUSHES_A_BRANCH / EVENING_S * BURST;
        let cores = |seconds: f64| (pushes_per_s * seconds / LOAD).ceil().max(1.0) as u32;
        let server_cores = cores(measured::SERVER_SECONDS_A_PUSH);
        // One district is one file and one server. Where there is Postgres there are two servers at least, so that
        // one may be replaced.
        let servers = (f64::from(server_cores) / CORES_A_SERVER).ceil() as u32;
        let servers = if is_alone { 1 } else { servers.max(2) };
        Needs {
            gigabytes: (raw, raw * measured::SHRINKS_TO),
            pushes_per_s,
            servers,
            server_cores: server_cores.max(servers),
            database_cores: if is_alone { 0 } else { cores(measured::POSTGRES_SECONDS_A_PUSH) },
            connections: if is_alone { 0 } else { servers * self.connections },
        }
    }
}

/// The table, a line for each number of districts.
pub fn table(extents: &[Extent]) -> String {
    let mut text = String::from(
        "districts |   branches |     members | GB a year, raw / compacted | pushes/s at the peak | servers | cores | Postgres cores | connections\n",
    );
    for extent in extents {
        let Needs {
            gigabytes: (raw, compacted),
            pushes_per_s,
            servers,
            server_cores,
            database_cores,
            connections,
        } = extent.needs();
        let branches = u64::from(extent.districts) * u64::from(extent.branches);
        let members = u64::from(extent.districts) * u64::from(extent.members);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:>9} | {branches:>10} | {members:>11} | {raw:>14.1} / {compacted:<9.1} | {pushes_per_s:>20.0} | {servers:>7} | {server_cores:>5} | {database_cores:>14} | {connections:>11}",
            extent.districts,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_the_districts_need_twice_the_disk_and_no_less_of_anything() {
        let extent = |districts| Extent { districts, branches: 450, members: 14_000, connections: 12 };
        let (some, twice) = (extent(100).needs(), extent(200).needs());
        assert!((twice.gigabytes.0 / some.gigabytes.0 - 2.0).abs() < 1e-9);
        assert!((twice.pushes_per_s / some.pushes_per_s - 2.0).abs() < 1e-9);
        assert!(twice.server_cores >= some.server_cores && twice.database_cores >= some.database_cores);
        assert!(some.servers >= 2, "one may be replaced");
        let alone = extent(1).needs();
        assert_eq!((alone.servers, alone.database_cores, alone.connections), (1, 0, 0));
        // 450 branches, 60 % of them with 30 pushes in two hours, three times as dense at the densest.
        assert!((alone.pushes_per_s - 3.375).abs() < 1e-9);
    }
}
