//! `new`: a commented scenario file to begin with.

use std::fs::File;
use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use papermesh_sim_scenario::presets;

pub(crate) fn new(name: Option<&str>) -> Result<ExitCode> {
    let Some(name) = name else {
        for preset in presets::ALL {
            println!("{:16} {}", preset.name, preset.question);
        }
        return Ok(ExitCode::SUCCESS);
    };
    let Some(preset) = presets::find(name) else {
        let names: Vec<_> = presets::ALL.iter().map(|preset| preset.name).collect();
        bail!(
            "there is no scenario `{name}`; there are {}",
            names.join(", ")
        );
    };
    let path = format!("{name}.toml");
    // Whatever somebody wrote stays.
    let mut file = File::create_new(&path).with_context(|| format!("can not write {path} anew"))?;
    file.write_all(preset.text.as_bytes())?;
    println!("{path}: {}", preset.question);
    println!("papermesh-sim run {path} && papermesh-sim report results/");
    Ok(ExitCode::SUCCESS)
}
