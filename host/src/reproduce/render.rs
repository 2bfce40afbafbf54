//! Results as text for a terminal, as Markdown and as CSV.

use super::carry_out::Results;
use super::summary::{Check, Entry, Summary, Table};
use crate::report::wrap;

/// Names of the pictures with their captions.
pub(super) fn names(summary: &Summary) -> Vec<(String, String)> {
    let name = |name: &str| format!("{name}.png");
    summary.figures.iter().map(|f| (name(&f.chart.name), f.caption.clone())).collect()
}

/// What is printed: claim, the paper's number, ours, the verdict and what it rests on.
pub fn text(results: &Results) -> String {
    let summary = &results.summary;
    let mut text = wrap(&format!("{} {}: {}", results.number, results.claim, results.title), 0);
    text += &field("paper", &results.paper);
    text += &field("ours", &summary.ours);
    for check in &summary.checks {
        let mark = if check.passed { "ok" } else { "NO" };
        text += &field(mark, &sentence(check));
    }
    for difference in &summary.differences {
        text += &field("differs", difference);
    }
    text + &field("verdict", results.verdict.words())
}

/// One line a claim, for many.
pub fn overview(all: &[Results]) -> String {
    let mut text = String::new();
    for results in all {
        text += &format!(
            "{} {:16} {:30} {:8.1} s\n",
            results.number,
            results.claim,
            results.verdict.words(),
            results.seconds
        );
    }
    text
}

fn field(name: &str, content: &str) -> String {
    // The name takes the place of the first line's indent.
    let wrapped = wrap(content, 11);
    format!("  {name:9}{}", wrapped.trim_start())
}

fn sentence(check: &Check) -> String {
    // Where a band is narrow, six decimals do not tell its ends apart.
    let narrow = check.low.zip(check.high).is_some_and(|(low, high)| high - low < 1e-5);
    let decimals = if narrow { 17 } else { 6 };
    let shown = |value: f64| match value.abs() {
        0.0 => "0".to_owned(),
        1e-3..1e5 => {
            let digits = format!("{value:.decimals$}");
            digits.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{value:.3e}"),
    };
    let measured = check.measured.map_or_else(|| "—".to_owned(), shown);
    let asked = match (check.low, check.high) {
        (Some(low), Some(high)) => format!("{} to {}", shown(low), shown(high)),
        (Some(low), None) => format!("at least {}", shown(low)),
        (None, Some(high)) => format!("at most {}", shown(high)),
        (None, None) => "any number".to_owned(),
    };
    format!("{}: {measured} (asked: {asked})", check.what)
}

/// A claim as a section; `pictures` is what stands before the names of pictures.
pub fn markdown(results: &Results, pictures: &str) -> String {
    let summary = &results.summary;
    let mut text = format!("## {} `{}`: {}\n\n", results.number, results.claim, results.title);
    text += "| | |\n|---|---|\n";
    for (name, content) in [
        ("paper", results.paper.as_str()),
        ("ours", &summary.ours),
        ("verdict", &format!("**{}**", results.verdict.words())),
        ("command", &format!("`{}`", results.command)),
        ("time", &format!("{:.0} s, {} runs added up", results.seconds, results.runs.len())),
    ] {
        text += &format!("| {name} | {} |\n", content.replace('|', "\\|"));
    }
    text.push('\n');
    for difference in &summary.differences {
        text += &format!("Difference: {difference}\n\n");
    }
    for note in &summary.notes {
        text += &format!("{note}\n\n");
    }
    for (name, caption) in &results.pictures {
        text += &format!("![{caption}]({pictures}{name})\n\n*{caption}*\n\n");
    }
    for table in summary.tables.iter().filter(|table| !table.only_file) {
        text += &format!("{}\n\n{}\n", table.caption, grid(table));
    }
    text += "What the verdict rests on:\n\n";
    for check in &summary.checks {
        let mark = if check.passed { "holds" } else { "**fails**" };
        text += &format!("- {mark}: {}\n", sentence(check));
    }
    text.push('\n');
    text
}

fn grid(table: &Table) -> String {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = row(&table.columns);
    text += &format!("|{}\n", "---|".repeat(table.columns.len()));
    for entries in &table.rows {
        text += &row(&entries.iter().map(Entry::shown).collect::<Vec<_>>());
    }
    text
}

/// A table as CSV, numbers in full; a mean takes two columns, the second its standard error. What is
/// missing is empty.
pub(super) fn csv(table: &Table) -> std::io::Result<Vec<u8>> {
    let is_mean = |column: usize| {
        table.rows.iter().any(|row| matches!(row.get(column), Some(Entry::Mean(..))))
    };
    let number = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let heads = table.columns.iter().enumerate().flat_map(|(column, head)| {
        [Some(head.clone()), is_mean(column).then(|| format!("{head} (standard error)"))]
    });
    writer.write_record(heads.flatten())?;
    for row in &table.rows {
        let cells = row.iter().enumerate().flat_map(|(column, entry)| match entry {
            Entry::Text(text) => [Some(text.clone()), is_mean(column).then(String::new)],
            Entry::Number(value, _) => [Some(number(*value)), is_mean(column).then(String::new)],
            Entry::Mean(estimate, _) => [
                Some(number(estimate.map(|estimate| estimate.mean))),
                Some(number(estimate.and_then(|estimate| estimate.error))),
            ],
        });
        writer.write_record(cells.flatten())?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}
