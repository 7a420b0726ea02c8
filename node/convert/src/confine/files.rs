//! Files, connections and signals, as far as the kernel can take them away (Landlock).

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

/// What programs and fonts are made of.
pub(super) const OF_PROGRAMS: &[&str] = &[
    "/usr",
    "/bin",
    "/lib",
    "/lib64",
    "/nix",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/var/lib/ghostscript",
    "/dev/null",
];

/// Whether this kernel has Landlock, and it is switched on.
pub(super) fn are_guarded() -> bool {
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    let asked = ruleset.handle_access(AccessFs::from_all(ABI::V1));
    asked.and_then(Ruleset::create).is_ok()
}

/// Leaves this process nothing but reading below these folders, no connections, and no signals to
/// others. Says whether the kernel could do anything of it.
pub(super) fn only(readable: &[&str]) -> Result<bool, RulesetError> {
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V5))?
        .handle_access(AccessNet::from_all(ABI::V4))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .add_rules(path_beneath_rules(readable, AccessFs::from_read(ABI::V5)))?
        .restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}
