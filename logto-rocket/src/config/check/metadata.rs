//! Addresses for the metadata of resources (RFC 9728).

use super::Check;
use crate::config::Config;
use crate::config::keys::may_show;
use crate::resource::ResourceMetadata;
use crate::uri::is_indicator;

impl Check<'_> {
    /// The metadata to publish. One path has one document: the host of a request is only what
    /// its client says.
    pub(super) fn metadata(&mut self, config: &Config) -> Vec<ResourceMetadata> {
        let mut published: Vec<ResourceMetadata> = Vec::new();
        if !config.resource_metadata {
            return published;
        }
        if config.resources.is_empty() {
            let fix = "name the API in `resources`, or leave the key out";
            self.problem("resource_metadata", Some("true"), "is on, without `resources`", fix);
        }
        for indicator in config.resources.iter().filter(|given| is_indicator(given.as_bytes())) {
            let Some(metadata) = ResourceMetadata::of(indicator) else {
                let fix = "give the API an https URL as its identifier, or leave \
                           `resource_metadata` out";
                let message = "is not an http or https URL: its metadata has no address";
                self.problem("resources", Some(indicator), message, fix);
                continue;
            };
            match published.iter().find(|other| other.is_at_path_of(&metadata)) {
                Some(same) if same.indicator() == indicator => {}
                Some(other) => {
                    let other = Some(other.indicator()).filter(|it| may_show("resources", it));
                    let other = other.map_or("another one".into(), |other| format!("`{other}`"));
                    let message = format!("has the path of {other}");
                    let fix = "give each API its own path, which tells their metadata apart, or \
                               leave `resource_metadata` out";
                    self.problem("resources", Some(indicator), &message, fix);
                }
                None => published.push(metadata),
            }
        }
        published
    }
}
