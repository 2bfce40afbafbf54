//! The report for people: at most 80 columns.

use super::{Kind, Report, Row, SLACK};
use crate::error::counted;
use crate::report::wrap;
use anstyle::{AnsiColor, Style};

/// The target whose counts are shown in full: that of the aims and of peers' figures.
const BOARD: &str = "thumbv7em-none-eabihf";

/// The whole report.
pub fn table(report: &Report) -> String {
    let mut text = head(report);
    for kind in [Kind::WallClock, Kind::HostInstructions, Kind::McuInstructions] {
        let rows: Vec<&Row> = report.rows.iter().filter(|row| row.kind == kind).collect();
        let note = report.notes.get(&kind);
        if rows.is_empty() && note.is_none() {
            continue;
        }
        text.push_str(&format!("\n{}: {}\n", kind.title(), trust(kind)));
        if let Some(note) = note {
            text.push_str(&wrap(note, 0));
        }
        match kind {
            Kind::WallClock => times(&mut text, &rows),
            Kind::HostInstructions => counts(&mut text, &rows),
            Kind::McuInstructions => boards(&mut text, &rows),
        }
    }
    text + "\n" + &conclusion(report)
}

fn head(report: &Report) -> String {
    let machine = &report.machine;
    let versions: Vec<String> =
        report.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let threads = counted(machine.threads, "thread");
    let features = machine.features.join(" ");
    wrap(&format!("{}: {}, {}, {threads}, {features}", report.date, machine.cpu, machine.os), 0)
        + &wrap(&versions.join(", "), 0)
}

fn trust(kind: Kind) -> String {
    match kind {
        Kind::WallClock => "noisy; median and interquartile range, never fails".to_owned(),
        _ => format!("exact; +{SLACK} % fails"),
    }
}

fn times(text: &mut String, rows: &[&Row]) {
    let line = |cells: [&str; 8]| {
        let [operation, shape, precision, threads, value, spread, baseline, change] = cells;
        format!(
            "{operation:<16}{shape:<16}{precision:<4}{threads:>2}{value:>18}{spread:>6}{baseline:>9}\
             {change:>9}\n"
        )
    };
    text.push_str(&line(["", "", "", "t", "median", "±", "before", "change"]));
    for row in rows {
        text.push_str(&line([
            &row.operation,
            &row.shape,
            &row.precision,
            &row.threads.to_string(),
            &format!("{} {:<7}", digits(row.value), row.unit),
            &format!("{:.0} %", row.spread),
            &row.baseline.map_or("—".to_owned(), digits),
            &change(row),
        ]));
    }
}

fn counts(text: &mut String, rows: &[&Row]) {
    let line = |[operation, shape, value, baseline, change]: [&str; 5]| {
        format!("{operation:<18}{shape:<12}{value:>16}{baseline:>16}{change:>11}\n")
    };
    text.push_str(&line(["", "", "instructions", "before", "change"]));
    for row in rows {
        text.push_str(&line([
            &row.operation,
            &row.shape,
            &format!("{:.0}", row.value),
            &row.baseline.map_or("—".to_owned(), |before| format!("{before:.0}")),
            &if row.measured { change(row) } else { "recorded".to_owned() },
        ]));
    }
}

/// One target in full, and of the others what has changed most.
fn boards(text: &mut String, rows: &[&Row]) {
    let (shown, rest): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.target == BOARD);
    if !shown.is_empty() {
        text.push_str(&format!("{BOARD} (Cortex-M4F)\n"));
        counts(text, &shown);
    }
    let mut targets: Vec<&str> = rest.iter().map(|row| &*row.target).collect();
    targets.dedup();
    for target in targets {
        let of = || rest.iter().filter(|row| row.target == target);
        let worst = of().filter(|row| row.measured).max_by(|a, b| {
            f64::total_cmp(
                &a.change.unwrap_or(f64::NEG_INFINITY),
                &b.change.unwrap_or(f64::NEG_INFINITY),
            )
        });
        let worst = worst.map_or("recorded".to_owned(), |row| {
            format!("at most {}, {} {}", change(row), row.operation, row.shape)
        });
        text.push_str(&wrap(&format!("{target}: {}, {worst}", counted(of().count(), "count")), 0));
    }
}

fn change(row: &Row) -> String {
    row.change.map_or("—".to_owned(), |change| format!("{change:+.1} %"))
}

/// Four significant digits, without an exponent.
fn digits(value: f64) -> String {
    let whole = value.abs().log10().floor() as i32 + 1;
    format!("{value:.*}", usize::try_from(4 - whole).unwrap_or(0).min(4))
}

fn conclusion(report: &Report) -> String {
    let failures: Vec<String> = report
        .failures()
        .map(|row| format!("{} {} for {}: {}", row.operation, row.shape, row.target, change(row)))
        .collect();
    let counted_now = report.rows.iter().filter(|row| row.exact && row.measured).count();
    let (colour, word, what) = if !failures.is_empty() {
        let what = format!("exact counts rose by more than {SLACK} %.");
        (AnsiColor::Red, "FAIL", what)
    } else if counted_now > 0 {
        let what = format!("no exact count rose by more than {SLACK} %.");
        (AnsiColor::Green, "PASS", what)
    } else {
        (AnsiColor::Yellow, "NOTE", "nothing exact was measured.".to_owned())
    };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    let mut text = format!("{style}{word}{style:#} {what}\n");
    failures.iter().for_each(|failure| text.push_str(&wrap(failure, 5)));
    let new: Vec<String> =
        report.unrecorded().map(|row| format!("{} {}", row.operation, row.shape)).collect();
    if !new.is_empty() {
        text.push_str(&wrap(&format!("Not in the record: {}.", new.join(", ")), 0));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        let shown: Vec<String> = [0.01234, 1.5, 12.34567, 174.3, 12345.6].map(digits).into();
        assert_eq!(shown, ["0.0123", "1.500", "12.35", "174.3", "12346"]);
    }

    #[test]
    fn no_line_is_wider_than_80_columns_and_a_rise_is_named() {
        let row = |kind, target: &str, operation: &str, change: f64| Row {
            baseline: Some(34_353_800.0),
            change: Some(change),
            ..Row::count(kind, target, operation, "64-32-10", 34_353_800)
        };
        let wall = Row {
            kind: Kind::WallClock,
            precision: "f32".into(),
            threads: 64,
            unit: "GFLOP/s".into(),
            value: 1234.5,
            spread: 100.0,
            exact: false,
            shape: "64-32-10 x1797".into(),
            ..row(Kind::WallClock, "x86_64-linux", "rfm-round-exact", -99.9)
        };
        let board = |target, change| row(Kind::McuInstructions, target, "batch-32-sample", change);
        let report = Report {
            rows: vec![
                wall,
                row(Kind::HostInstructions, "x86_64", "batch-32-sample", 0.0),
                board(BOARD, 1.9),
                board("riscv32imafc-unknown-none-elf", 2.1),
            ],
            ..Report::default()
        };
        let text = anstream::adapter::strip_str(&table(&report)).to_string();
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(text.contains("FAIL") && text.contains("riscv32imafc-unknown-none-elf: +2.1 %"));
        assert_eq!(report.failures().count(), 1);
    }
}
