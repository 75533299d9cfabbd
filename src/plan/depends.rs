//! Signed packages that depend on unsigned ones: what somebody who installs one of them takes in
//! unsigned.

use std::collections::{BTreeMap, BTreeSet};

use super::world::World;
use conex_verify::format::name::PackageName;
use conex_verify::format::syntax::{self, Item, Value, ValueKind};
use conex_verify::workbench::repository::Package;

/// For each signed package, the packages of this repository without a signature that one of its
/// releases names in `depends`, in whatever version and under whatever condition.
pub fn on_unsigned(world: &World<'_>) -> BTreeMap<PackageName, BTreeSet<PackageName>> {
    let packages = &world.assessment.packages;
    let signed: BTreeSet<&PackageName> = packages
        .iter()
        .filter(|report| report.is_signed())
        .map(|report| &report.name)
        .collect();
    let mut all = BTreeMap::new();
    for name in &signed {
        let Some(package) = world.repository.packages.get(*name) else {
            continue;
        };
        let unsigned: BTreeSet<PackageName> = named_by(package)
            .into_iter()
            .filter(|on| world.repository.packages.contains_key(on) && !signed.contains(on))
            .collect();
        if !unsigned.is_empty() {
            all.insert((*name).clone(), unsigned);
        }
    }
    all
}

/// The packages that a release of a package names in `depends`.
pub fn named_by(package: &Package) -> BTreeSet<PackageName> {
    let mut named = BTreeSet::new();
    for dir in package.directories.values() {
        if let Some(file) = dir.opam().and_then(|source| syntax::parse(source).ok()) {
            for item in &file.items {
                if let Item::Field(field) = item
                    && field.name.text == "depends"
                {
                    collect(&field.value, &mut named);
                }
            }
        }
    }
    named
}

/// The names in a formula of packages. A version or a condition of one names none.
fn collect(value: &Value<'_>, names: &mut BTreeSet<PackageName>) {
    match &value.kind {
        ValueKind::String(text) => {
            let name = std::str::from_utf8(text).ok();
            names.extend(name.and_then(|name| PackageName::new(name).ok()));
        }
        ValueKind::List(values) | ValueKind::Group(values) | ValueKind::Logop(_, values) => {
            values.iter().for_each(|value| collect(value, names));
        }
        ValueKind::Option(value, _) | ValueKind::Pfxop(_, value) => collect(value, names),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Conditions and versions are strings too, and name no package.
    #[test]
    fn a_formula_names_packages_and_no_versions() {
        let source = br#"("a" {>= "1.0" & os = "linux"} | "b") & "c" {with-test}"#;
        let value = syntax::parse_value(source).unwrap();
        let mut names = BTreeSet::new();
        collect(&value, &mut names);
        let names: Vec<&str> = names.iter().map(PackageName::as_str).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }
}
