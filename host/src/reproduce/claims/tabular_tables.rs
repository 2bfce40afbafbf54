//! The tables and the picture of claim 7.

use super::tabular::{Done, NAMES, accuracy, leak_free, public};
use crate::plot::{Axis, Chart, Legend, Panel, Series, Style};
use crate::reproduce::tabular::{Choice, Found};
use crate::reproduce::{Entry, Estimate, Figure, Shown, Table};

type Folds = fn(&Found) -> &[f64];

const PROTOCOLS: [(&str, Folds); 2] = [("public", public), ("leak-free", leak_free)];

/// Mean accuracies, and how often each wins, ties and loses against the others.
pub(super) fn means(used: &[&Done]) -> Table {
    let columns = [
        "protocol",
        "method",
        "sets",
        "accuracy, %",
        "win/tie/loss against Laplace",
        "win/tie/loss against NFA",
    ];
    let caption = "Mean accuracy over sets, with its standard error.";
    let mut table = Table::new("tabular", caption, &columns);
    for (protocol, folds) in PROTOCOLS {
        for (k, name) in NAMES.iter().enumerate() {
            let of = |k| used.iter().map(move |run| Some(100.0 * accuracy(run, k, folds)?));
            let against = |other: usize| {
                if other == k {
                    return Entry::text("—");
                }
                let pairs = || of(k).zip(of(other)).filter_map(|(a, b)| Some((a?, b?)));
                let wins = pairs().filter(|(a, b)| a > b).count();
                let losses = pairs().filter(|(a, b)| a < b).count();
                Entry::text(format!("{wins}/{}/{losses}", pairs().count() - wins - losses))
            };
            table.rows.push(vec![
                Entry::text(protocol),
                Entry::text(*name),
                Entry::text(used.len().to_string()),
                Entry::Mean(Estimate::of(of(k)), Shown::Decimals(2)),
                against(0),
                against(1),
            ]);
        }
    }
    table
}

/// How often each setting was the best.
pub(super) fn settings(used: &[&Done]) -> Table {
    let columns =
        ["method", "round 0", "round 1", "round 2", "round 3", "round 4", "rows of unit norm"];
    let mut table =
        Table::new("tabular-settings", "Sets by the setting that was chosen.", &columns);
    for (k, name) in NAMES.iter().enumerate() {
        let count = |has: &dyn Fn(&Choice) -> bool| {
            let found = used.iter().filter_map(|run| run.record.found.get(k));
            Entry::text(found.filter(|found| has(&found.choice)).count().to_string())
        };
        let mut row = vec![Entry::text(*name)];
        row.extend((0..5).map(|round| count(&|choice| choice.round == round)));
        row.push(count(&|choice| choice.unit));
        table.rows.push(row);
    }
    table
}

/// All sets.
pub(super) fn sets(runs: &[Done]) -> Table {
    let mut columns = vec!["set".to_owned(), "rows, features, classes".to_owned()];
    for (protocol, _) in PROTOCOLS {
        columns.extend(NAMES.iter().map(|name| format!("{name}, {protocol}")));
    }
    columns.push("left out".to_owned());
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let caption = "Accuracy in % by set, mean over four folds.";
    let mut table = Table::new("tabular-sets", caption, &columns);
    for run in runs {
        let shape =
            run.record.shape.map_or_else(String::new, |s| s.map(|n| n.to_string()).join(", "));
        let mut row = vec![Entry::text(run.cell.set.clone()), Entry::text(shape)];
        for (_, folds) in PROTOCOLS {
            row.extend((0..NAMES.len()).map(|k| {
                let accuracy = accuracy(run, k, folds).map(|accuracy| 100.0 * accuracy);
                Entry::Number(accuracy, Shown::Decimals(2))
            }));
        }
        row.push(Entry::text(run.record.left_out.clone().unwrap_or_default()));
        table.rows.push(row);
    }
    table.only_file = runs.len() > 12;
    table
}

/// FACT against its rivals, a dot a set.
pub(super) fn figure(used: &[&Done]) -> Figure {
    let panel = |title: &str, other: usize, folds: Folds| {
        let points = used.iter().filter_map(|run| {
            Some((100.0 * accuracy(run, other, folds)?, 100.0 * accuracy(run, 2, folds)?))
        });
        let points: Vec<(f64, f64)> = points.collect();
        let low = points.iter().map(|p| p.0.min(p.1)).fold(100.0, f64::min);
        let dots = Series { colour: 0, style: Style::Dots, points, ..Series::default() };
        let equal = Series {
            colour: 6,
            style: Style::Dashed,
            points: vec![(low, low), (100.0, 100.0)],
            ..Series::default()
        };
        Panel {
            title: title.to_owned(),
            x: Axis::linear(&format!("{}, accuracy in %", NAMES[other])).at_least(low, 100.0),
            y: Axis::linear("FACT, accuracy in %").at_least(low, 100.0),
            series: vec![equal, dots],
            ..Panel::default()
        }
    };
    Figure {
        chart: Chart {
            name: "tabular".to_owned(),
            title: "Tables: FACT against plain Laplace and against NFA, a dot a set".to_owned(),
            columns: 2,
            panel: (380, 360),
            panels: vec![
                panel("public protocol", 0, public),
                panel("public protocol", 1, public),
                panel("leak-free", 0, leak_free),
                panel("leak-free", 1, leak_free),
            ],
            legend: Legend::Shared,
        },
        caption: "Accuracy by set. Above the dashed line FACT is better. Against NFA the two are \
                  about equal under either protocol; much of the gain over a plain kernel is the \
                  public protocol's leak."
            .to_owned(),
    }
}
