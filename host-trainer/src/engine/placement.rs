//! Which nodes of a graph ONNX Runtime left to the processor, read from its log.
//!
//! A node that the CUDA provider has no kernel for, or that computes a shape, runs on the processor. Without unsafe code
//! this can only be read from ONNX Runtime's log, at the level "verbose", when a session is made:
//!
//! ```text
//! Node placements
//!  Node(s) placed on [CPUExecutionProvider]. Number of nodes: 1
//!   Concat (Concat_108)
//!  Node(s) placed on [CUDAExecutionProvider]. Number of nodes: 2
//!   IsNaN (IsNaN_36)
//!   Or (Or_38)
//! ```
//!
//! or ` All nodes placed on [CUDAExecutionProvider]. Number of nodes: 3`, without their names.

use std::collections::BTreeMap;
use std::fmt;

/// Nodes of a graph by the device that runs them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Nodes on the GPU.
    pub gpu: usize,
    /// Nodes on the processor.
    pub cpu: usize,
    /// How many nodes of each operator run on the processor; ONNX Runtime names none when no node runs on the GPU.
    pub cpu_operators: BTreeMap<String, usize>,
}

#[cfg(feature = "onnxruntime")]
const CPU: &str = "CPUExecutionProvider";

impl Placement {
    /// Reads the messages of a session's log; `None` when they do not say where the nodes are.
    #[cfg(feature = "onnxruntime")]
    pub(super) fn from_log<'m>(messages: impl IntoIterator<Item = &'m str>) -> Option<Self> {
        let mut placement = Self::default();
        // Names that follow a line for the processor.
        let mut names = 0;
        for message in messages {
            if let Some((provider, count)) = counted(message) {
                names = 0;
                if provider == CPU {
                    placement.cpu += count;
                    names = if message.contains("All nodes") { 0 } else { count };
                } else {
                    placement.gpu += count;
                }
            } else if names > 0
                && let Some((operator, _)) = message.trim_start().split_once(" (")
            {
                names -= 1;
                *placement.cpu_operators.entry(operator.to_owned()).or_default() += 1;
            }
        }
        (placement.gpu + placement.cpu > 0).then_some(placement)
    }

    /// Adds the nodes of another graph.
    pub(crate) fn add(&mut self, other: &Self) {
        self.gpu += other.gpu;
        self.cpu += other.cpu;
        for (operator, count) in &other.cpu_operators {
            *self.cpu_operators.entry(operator.clone()).or_default() += count;
        }
    }
}

/// The provider and the number of nodes in `... placed on [PROVIDER]. Number of nodes: N`.
#[cfg(feature = "onnxruntime")]
fn counted(message: &str) -> Option<(&str, usize)> {
    let (provider, count) = message.split_once(" placed on [")?.1.split_once("]. Number of nodes: ")?;
    Some((provider, count.trim().parse().ok()?))
}

impl fmt::Display for Placement {
    /// "all 5 nodes run on the GPU", or "4 of 5 nodes run on the GPU; the processor runs Shape (1)".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { gpu, cpu, cpu_operators } = self;
        let nodes = gpu + cpu;
        if *cpu == 0 {
            return write!(f, "all {nodes} nodes run on the GPU");
        }
        write!(f, "{gpu} of {nodes} nodes run on the GPU; the processor runs ")?;
        if cpu_operators.is_empty() {
            return write!(f, "{cpu}");
        }
        for (index, (operator, count)) in cpu_operators.iter().enumerate() {
            write!(f, "{}{operator} ({count})", if index > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "onnxruntime"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shown(messages: &[&str]) -> String {
        Placement::from_log(messages.iter().copied()).unwrap().to_string()
    }

    #[test]
    fn nodes_on_the_processor_are_counted_by_operator() {
        let messages = [
            "GraphTransformer MemcpyTransformer modified: 0 with status: OK",
            "Node placements",
            " Node(s) placed on [CPUExecutionProvider]. Number of nodes: 4",
            "  Concat (Concat_108)",
            "  Concat (Concat_120)",
            "  Slice (Slice_141)",
            "  Concat (Concat_142)",
            " Node(s) placed on [CUDAExecutionProvider]. Number of nodes: 2",
            "  IsNaN (IsNaN_36)",
            "  FusedMatMul (MatMul_92/MatmulTransposeFusion//MatMulScaleFusion/)",
            "Some nodes were not assigned to the preferred execution providers",
        ];
        assert_eq!(shown(&messages), "2 of 6 nodes run on the GPU; the processor runs Concat (3), Slice (1)");
    }

    #[test]
    fn a_graph_on_one_device_is_told_without_operators() {
        let all = |provider| format!(" All nodes placed on [{provider}]. Number of nodes: 3");
        assert_eq!(shown(&[&all("CUDAExecutionProvider")]), "all 3 nodes run on the GPU");
        let other = "  Shape (a message of the same form)";
        assert_eq!(shown(&[&all(CPU), other]), "0 of 3 nodes run on the GPU; the processor runs 3");
    }

    #[test]
    fn nodes_of_several_graphs_add_up() {
        let one = |operator| {
            let named = format!("  {operator} (a)");
            let messages = [" Node(s) placed on [CPUExecutionProvider]. Number of nodes: 1", &named];
            Placement { gpu: 2, ..Placement::from_log(messages).unwrap() }
        };
        let mut sum = one("Shape");
        [one("Gather"), one("Shape")].iter().for_each(|placement| sum.add(placement));
        assert_eq!(sum.to_string(), "6 of 9 nodes run on the GPU; the processor runs Gather (1), Shape (2)");
    }

    #[test]
    fn a_log_without_placements_says_nothing() {
        assert_eq!(Placement::from_log(["Initializing session.", "  Shape (shape_3)"]), None);
    }
}
