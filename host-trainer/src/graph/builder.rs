//! The graph under construction: values with shapes, nodes, constants.

use std::collections::HashMap;
use std::fmt;

use super::tape::Tape;

/// A tensor in a [`Graph`], by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Value(pub(super) usize);

/// One axis of a shape: a number, or a name whose size is known at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dim {
    /// Known when the graph is written.
    Fixed(usize),
    /// Known when the graph is run, such as `batch` and `time` in an exported model.
    Symbol(&'static str),
}

/// Element types that the graphs use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementType {
    /// 32-bit float.
    F32,
    /// 64-bit signed integer: indices and shapes.
    I64,
}

/// How an exported graph is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Revision {
    /// As the first version of this program wrote it: finite values only, and a number of position rows that shape
    /// inference cannot tell from the number of frames.
    First,
    /// As it is written now.
    #[default]
    Current,
}

/// An attribute of a node.
#[derive(Clone, Debug)]
pub(super) enum Attribute {
    Int(i64),
    Ints(Vec<i64>),
    Float(f32),
}

pub(super) struct Node {
    pub operator: &'static str,
    pub inputs: Vec<Value>,
    pub outputs: Vec<Value>,
    pub attributes: Vec<(&'static str, Attribute)>,
}

pub(super) struct ValueInfo {
    pub name: String,
    pub shape: Vec<Dim>,
    /// Whether the value depends on a parameter, so that gradients flow through it.
    pub differentiable: bool,
}

/// The content of a tensor stored in the graph.
pub(super) enum Stored {
    F32(Vec<f32>),
    I64(Vec<i64>),
}

/// An ONNX graph under construction, with the tape for its gradients.
#[derive(Default)]
pub struct Graph {
    pub(super) values: Vec<ValueInfo>,
    pub(super) nodes: Vec<Node>,
    pub(super) inputs: Vec<(Value, ElementType)>,
    pub(super) outputs: Vec<Value>,
    pub(super) initialisers: Vec<(Value, Stored)>,
    pub(super) tape: Tape,
    pub(super) revision: Revision,
    /// One stored copy per distinct constant, found by its shape and bits.
    constants: HashMap<(Vec<usize>, Vec<u8>), Value>,
    /// Where each symbolic dimension can be read at run time: a graph input and its axis.
    symbols: HashMap<&'static str, (Value, usize)>,
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (values, nodes) = (self.values.len(), self.nodes.len());
        f.debug_struct("Graph").field("values", &values).field("nodes", &nodes).finish_non_exhaustive()
    }
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty graph that is written as `revision` says.
    #[must_use]
    pub fn of_revision(revision: Revision) -> Self {
        Self { revision, ..Self::default() }
    }

    /// Declares an input that the caller feeds on every run; no gradient flows into it.
    pub fn input(&mut self, name: &str, element: ElementType, shape: &[Dim]) -> Value {
        let value = self.value(name.to_owned(), shape.to_vec(), false);
        for (axis, dim) in shape.iter().enumerate() {
            if let Dim::Symbol(symbol) = dim {
                self.symbols.entry(symbol).or_insert((value, axis));
            }
        }
        self.inputs.push((value, element));
        value
    }

    /// Declares a trainable parameter: an input with respect to which gradients can be taken.
    pub fn parameter(&mut self, name: &str, shape: &[usize]) -> Value {
        let shape = shape.iter().map(|&n| Dim::Fixed(n)).collect();
        let value = self.value(name.to_owned(), shape, true);
        self.inputs.push((value, ElementType::F32));
        value
    }

    /// Stores a named tensor in the graph, as an exported model does with its weights.
    pub fn initialiser(&mut self, name: &str, shape: &[usize], data: Vec<f32>) -> Value {
        debug_assert_eq!(shape.iter().product::<usize>(), data.len(), "{name}");
        let shape = shape.iter().map(|&n| Dim::Fixed(n)).collect();
        let value = self.value(name.to_owned(), shape, false);
        self.initialisers.push((value, Stored::F32(data)));
        value
    }

    /// A constant float tensor; equal constants share one copy.
    pub fn constant(&mut self, shape: &[usize], data: &[f32]) -> Value {
        let bits = data.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.stored(shape, bits, || Stored::F32(data.to_vec()))
    }

    /// A constant float scalar.
    pub fn scalar(&mut self, value: f32) -> Value {
        self.constant(&[], &[value])
    }

    /// A constant list of integers, such as the axes or the target shape of an operator.
    pub(super) fn integers(&mut self, data: &[i64]) -> Value {
        // The leading byte distinguishes integers from floats of the same bits.
        let bits = std::iter::once(1).chain(data.iter().flat_map(|v| v.to_le_bytes())).collect();
        self.stored(&[data.len()], bits, || Stored::I64(data.to_vec()))
    }

    /// Makes `value` an output and gives it its public name.
    pub fn output(&mut self, name: &str, value: Value) {
        self.values[value.0].name = name.to_owned();
        self.outputs.push(value);
    }

    /// The shape of `value`.
    #[must_use]
    pub fn shape(&self, value: Value) -> &[Dim] {
        &self.values[value.0].shape
    }

    /// The shape of `value`, all of whose axes must be fixed.
    ///
    /// # Panics
    /// On a symbolic axis: gradients are written for training graphs, whose shapes are fixed.
    #[must_use]
    #[allow(clippy::panic)]
    pub(super) fn fixed_shape(&self, value: Value) -> Vec<usize> {
        let name = &self.values[value.0].name;
        let size = |dim: &Dim| match dim {
            Dim::Fixed(n) => *n,
            Dim::Symbol(symbol) => panic!("{name}: axis {symbol} has no fixed size"),
        };
        self.values[value.0].shape.iter().map(size).collect()
    }

    /// Whether gradients flow through `value`.
    pub(super) fn differentiable(&self, value: Value) -> bool {
        self.values[value.0].differentiable
    }

    /// Writes a node with one output of the given shape.
    pub(super) fn node(
        &mut self,
        operator: &'static str,
        inputs: &[Value],
        attributes: Vec<(&'static str, Attribute)>,
        shape: Vec<Dim>,
    ) -> Value {
        self.node_with_outputs(operator, inputs, attributes, vec![shape])[0]
    }

    /// Writes a node with one output for each shape.
    pub(super) fn node_with_outputs(
        &mut self,
        operator: &'static str,
        inputs: &[Value],
        attributes: Vec<(&'static str, Attribute)>,
        shapes: Vec<Vec<Dim>>,
    ) -> Vec<Value> {
        let differentiable = inputs.iter().any(|&v| self.differentiable(v));
        let stem = operator.to_lowercase();
        let outputs: Vec<Value> = shapes
            .into_iter()
            .map(|shape| {
                let name = format!("{stem}_{}", self.values.len());
                self.value(name, shape, differentiable)
            })
            .collect();
        self.nodes.push(Node { operator, inputs: inputs.to_vec(), outputs: outputs.clone(), attributes });
        outputs
    }

    /// A one-element integer tensor that holds the size of a symbolic axis at run time.
    ///
    /// # Panics
    /// When no input has that axis.
    #[allow(clippy::panic)]
    pub(super) fn symbol_size(&mut self, symbol: &'static str) -> Value {
        let Some(&(input, axis)) = self.symbols.get(symbol) else {
            panic!("no input has an axis named {symbol}");
        };
        let rank = self.shape(input).len();
        let shape = self.node("Shape", &[input], vec![], vec![Dim::Fixed(rank)]);
        let from = self.integers(&[axis as i64]);
        let to = self.integers(&[axis as i64 + 1]);
        self.node("Slice", &[shape, from, to], vec![], vec![Dim::Fixed(1)])
    }

    fn stored(&mut self, shape: &[usize], bits: Vec<u8>, data: impl FnOnce() -> Stored) -> Value {
        if let Some(&value) = self.constants.get(&(shape.to_vec(), bits.clone())) {
            return value;
        }
        let name = format!("constant_{}", self.values.len());
        let value = self.value(name, shape.iter().map(|&n| Dim::Fixed(n)).collect(), false);
        self.initialisers.push((value, data()));
        self.constants.insert((shape.to_vec(), bits), value);
        value
    }

    fn value(&mut self, name: String, shape: Vec<Dim>, differentiable: bool) -> Value {
        self.values.push(ValueInfo { name, shape, differentiable });
        Value(self.values.len() - 1)
    }
}
