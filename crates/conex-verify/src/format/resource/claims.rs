//! The packages that are claimed for ever: `packages/.conex/claims`.

use std::collections::BTreeSet;

use super::decode::{Decode, Resource};
use super::encode::{Encoder, quoted};
use super::error::{MetaError, MetaErrorKind};
use super::reference::{CLAIMS_NAME, ResourceId, Revision};
use super::source::{Item as _, Source, header};
use crate::format::name::PackageName;

/// The names of packages that are claimed whatever else is in the tree. A quorum vouches for
/// the list, and no name ever leaves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Epoch and counter.
    pub revision: Revision,
    /// The names.
    pub packages: BTreeSet<PackageName>,
}

impl Decode for Claims {
    const TYPE: &'static str = CLAIMS_NAME;

    fn fields<'a>(fields: &mut impl Source<'a>) -> Result<Self, MetaError> {
        let ((), revision) = header(fields, |text| match text {
            CLAIMS_NAME => Ok(()),
            other => Err(format!(
                "the name of this file is `{CLAIMS_NAME}`, not {other:?}"
            )),
        })?;
        let packages = fields.list("packages", |item| {
            item.string_as(|t| PackageName::new(t).map_err(|e| MetaErrorKind::Value(e.to_string())))
        })?;
        fields.check()?;
        Ok(Claims { revision, packages })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::resource(Self::TYPE, CLAIMS_NAME, self.revision);
        let packages = self.packages.iter();
        out.set("packages", packages.map(|p| quoted(p.as_str())).collect());
        out.check();
        out.finish()
    }
}

impl Resource for Claims {
    fn resource_id(&self) -> ResourceId {
        ResourceId::claims()
    }

    fn revision(&self) -> Revision {
        self.revision
    }
}
