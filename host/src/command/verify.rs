//! `fact verify`.

use super::{Ending, print};
use crate::cli::Verify;
use crate::data::{Dataset, Target, bytes};
use crate::engine::Keeper;
use crate::error::{Error, Result};
use crate::experiment::{Outcome, Stop};
use crate::network::{About, Network};
use crate::plan::{Bias, Plan, Scaled};
use crate::progress::{Moment, Progress};
use crate::{experiment, network, report};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) fn run(arguments: &Verify, quiet: bool) -> Result<Ending> {
    let plan = arguments.plan()?;
    if let Some(directory) = &plan.out {
        report::prepare(directory)?;
    }
    if let Some(file) = &plan.save {
        report::prepare_file(file)?;
    }
    let (data, scaled) = plan.load_scaled()?;
    let mut progress = Progress::new(quiet);
    let outcome = match &plan.state {
        Some(file) => kept(&plan, &data, file, &mut progress),
        None => experiment::verify(&plan, &data, |moment| progress.show(moment)),
    };
    progress.finish();
    let outcome = outcome?;
    let verdict = report::verdict(&outcome);
    if let Some(directory) = &plan.out {
        report::write(directory, &outcome)?;
    }
    print(&if plan.json {
        report::Report::new(&outcome).to_json()
    } else {
        report::table(&outcome, &verdict)
    })?;
    if let Some(file) = &plan.save {
        if outcome.run.as_ref().is_some_and(|run| run.stop == Stop::Diverged) {
            let file = file.display();
            return Err(Error::Usage(format!(
                "--save {file}: training diverged, nothing is saved"
            )));
        }
        report::write_file(file, &network::encode(&trained(&outcome, &data, scaled))?)?;
    }
    Ok(if verdict.passed { Ending::Done } else { Ending::Failed })
}

/// Trains from the state in `file`, if it is there, until it is done or interrupted.
fn kept(plan: &Plan, data: &Dataset, file: &Path, progress: &mut Progress) -> Result<Outcome> {
    report::prepare_file(file)?;
    static INTERRUPTED: AtomicBool = AtomicBool::new(false);
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed))
        .map_err(|error| Error::Usage(format!("--state: Ctrl-C cannot be handled: {error}")))?;
    let found = if file.exists() { Some(bytes(file)?) } else { None };
    let keeper = Keeper {
        resume: found.as_deref(),
        stops: &|| INTERRUPTED.load(Ordering::Relaxed),
        keep: &|evaluations, bytes| match report::write_file(file, bytes) {
            Ok(()) => Error::Interrupted { path: file.to_owned(), evaluations },
            Err(error) => error,
        },
    };
    let watch = |moment: &Moment| progress.show(moment);
    let outcome = experiment::verify_kept(plan, data, watch, Some(&keeper))?;
    if found.is_some() {
        // Done: the next run of this command begins anew.
        let fail = |source| Error::Write { path: file.to_owned(), source };
        std::fs::remove_file(file).map_err(fail)?;
    }
    Ok(outcome)
}

/// The trained network as it is saved.
fn trained(outcome: &Outcome, data: &Dataset, (inputs, targets): Scaled) -> Network {
    let setting = &outcome.setting;
    Network {
        widths: outcome.widths.clone(),
        biased: setting.bias != Bias::None,
        precision: setting.precision,
        theta: outcome.theta.clone(),
        about: Some(About {
            dataset: data.name.clone(),
            activation: setting.activation.to_string(),
            loss: setting.loss.to_string(),
            lambda: setting.lambda,
            bias_decay: setting.bias == Bias::Decayed,
            features: data.features.clone(),
            labels: match &data.target {
                Target::Classes { labels, .. } => labels.clone(),
                Target::Values(_) => Vec::new(),
            },
            inputs,
            targets,
        }),
    }
}
