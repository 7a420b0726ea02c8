//! Scenario files: what is simulated, for how long, and what is measured. One format for all engines.
//!
//! - [`file`](mod@file) has the types with their defaults; [`units`] reads `"15 min"` and `"1 ms .. 21 ms"`.
//! - [`Scenario::read`] reads a file and [checks](mod@check) it as a whole. [`Wrong`] names line and column.
//! - [`sweep`] makes one scenario a run out of a file that varies something.
//! - [`presets`] are the commented files that `papermesh-sim new` writes. [`schema`] is what editors check files with.
#![forbid(unsafe_code)]

pub mod check;
pub mod file;
pub mod place;
pub mod presets;
pub mod sweep;
pub mod units;

pub use file::Scenario;
pub use place::Wrong;

impl Scenario {
    /// Reads and checks a scenario.
    ///
    /// # Errors
    ///
    /// All that is wrong with its values, or the first thing that is wrong with its form.
    pub fn read(text: &str) -> Result<Self, Vec<Wrong>> {
        let scenario: Self =
            toml::from_str(text).map_err(|error| vec![Wrong::of_form(text, &error)])?;
        let wrong: Vec<_> = check::check(&scenario)
            .into_iter()
            .map(|(path, message)| Wrong::at_path(text, &path, message))
            .collect();
        match wrong.is_empty() {
            true => Ok(scenario),
            false => Err(wrong),
        }
    }

    /// The scenario as a file, with all defaults written out.
    ///
    /// # Errors
    ///
    /// A value can not be said in TOML.
    pub fn write(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> u64 {
        self.site
            .iter()
            .flat_map(|site| &site.nodes)
            .map(|group| u64::from(group.count))
            .sum()
    }
}

/// The JSON schema (draft 2020-12) of scenario files.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Scenario).to_value()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_read_and_written() {
        for preset in presets::ALL {
            let scenario = Scenario::read(preset.text)
                .unwrap_or_else(|wrong| panic!("{}: {wrong:?}", preset.name));
            let written = scenario.write().unwrap();
            assert_eq!(Scenario::read(&written).unwrap(), scenario, "{written}");
            // Tables in one line may be longer; what is to be read may not.
            for line in preset.text.lines().filter(|line| line.starts_with('#')) {
                assert!(line.chars().count() <= 120, "{}: {line}", preset.name);
            }
        }
    }

    #[test]
    fn the_schema_in_the_repository_is_that_of_the_types() {
        let written = include_str!("../../scenarios/schema.json");
        let now = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        assert!(
            written == now,
            "write it anew: papermesh-sim schema > scenarios/schema.json"
        );
    }

    #[test]
    fn errors_name_line_and_column() {
        let form = Scenario::read("engine = \"model\"\n[time]\nlength = 5\n").unwrap_err();
        assert_eq!((form[0].line, form[0].column), (3, 10), "{form:?}");
        let unknown = Scenario::read("engine = \"model\"\nsede = 1\n").unwrap_err();
        assert_eq!((unknown[0].line, unknown[0].column), (2, 1), "{unknown:?}");
        let text = "engine = \"model\"\n[time]\nlength = \"1 h\"\n[[site]]\nname = \"a\"\nnodes = [{ role = \"client\", count = 0 }]\n";
        let value = Scenario::read(text).unwrap_err();
        assert_eq!((value[0].line, value[0].column), (6, 37), "{value:?}");
        assert!(value[0].to_string().starts_with("line 6, column 37: "));
    }
}
