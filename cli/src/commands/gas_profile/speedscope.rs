//! Profiles in the format of speedscope.

use std::collections::BTreeMap;

use serde_json::json;

use super::call_tree::CallTree;
use super::flame_graph::OUTSIDE;
use super::profiling_node::Cost;

/// A profile of ink under a name: a stack for each path, from the outermost frame, and its ink.
pub(super) fn speedscope(tree: &CallTree, name: &str, cost: &Cost) -> Vec<u8> {
    let mut indices: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut frames, mut samples, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    let outside = (vec![OUTSIDE], tree.ink_outside(cost.gas()));
    for (names, ink) in tree.stacks().chain([outside]) {
        let stack: Vec<_> = names
            .into_iter()
            .map(|name| {
                *indices.entry(name).or_insert_with(|| {
                    frames.push(json!({ "name": name }));
                    frames.len().saturating_sub(1)
                })
            })
            .collect();
        samples.push(stack);
        weights.push(ink);
    }
    let end = weights.iter().copied().fold(0, u64::saturating_add);
    let profile = json!({
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": concat!("muster ", env!("CARGO_PKG_VERSION")),
        "name": name,
        "activeProfileIndex": 0,
        "shared": { "frames": frames },
        "profiles": [{
            "type": "sampled",
            "name": "ink",
            "unit": "none",
            "startValue": 0,
            "endValue": end,
            "samples": samples,
            "weights": weights,
        }],
    });
    profile.to_string().into_bytes()
}
