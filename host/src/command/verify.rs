//! `fact verify`.

use super::{Ending, print};
use crate::cli::Verify;
use crate::data::{Dataset, Target};
use crate::error::{Error, Result};
use crate::experiment::{Outcome, Stop};
use crate::network::{About, Network};
use crate::plan::{Bias, Scaled};
use crate::progress::Progress;
use crate::{experiment, network, report};

pub(super) fn run(arguments: &Verify) -> Result<Ending> {
    let plan = arguments.plan()?;
    if let Some(directory) = &plan.out {
        report::prepare(directory)?;
    }
    if let Some(file) = &plan.save {
        report::prepare_file(file)?;
    }
    let (data, scaled) = plan.load_scaled()?;
    let mut progress = Progress::new(plan.quiet);
    let outcome = experiment::verify(&plan, &data, |moment| progress.show(moment));
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
