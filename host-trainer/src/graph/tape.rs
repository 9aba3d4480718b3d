//! Reverse-mode differentiation: operators record a tape, which `gradients` runs through in reverse.

use std::collections::HashMap;

use super::{Graph, Value};

/// Given the gradients of an operator's outputs, emits and returns those of its inputs.
type VectorJacobian = Box<dyn FnOnce(&mut Graph, &[Value]) -> Vec<(Value, Value)>>;

#[derive(Default)]
pub(super) struct Tape(Vec<(Vec<Value>, VectorJacobian)>);

impl Graph {
    /// Records the vector-Jacobian product of the operator that made `outputs`.
    ///
    /// Nothing is recorded when no parameter feeds the operator, so that an exported model carries no tape.
    pub(super) fn record<F>(&mut self, outputs: &[Value], vector_jacobian: F)
    where
        F: FnOnce(&mut Graph, &[Value]) -> Vec<(Value, Value)> + 'static,
    {
        if outputs.iter().any(|&v| self.differentiable(v)) {
            self.tape.0.push((outputs.to_vec(), Box::new(vector_jacobian)));
        }
    }

    /// Emits the gradients of the scalar `loss` with respect to `parameters`, and consumes the tape.
    ///
    /// # Panics
    /// When a parameter does not reach the loss, or when only some outputs of an operator do: both are mistakes in the
    /// code that writes the graph, not in data.
    #[allow(clippy::panic)]
    pub fn gradients(&mut self, loss: Value, parameters: &[Value]) -> Vec<Value> {
        let one = self.scalar(1.0);
        let mut gradients = HashMap::from([(loss, one)]);
        for (outputs, vector_jacobian) in std::mem::take(&mut self.tape.0).into_iter().rev() {
            let known: Vec<Value> = outputs.iter().filter_map(|v| gradients.get(v).copied()).collect();
            if known.is_empty() {
                continue;
            }
            assert_eq!(known.len(), outputs.len(), "every output of an operator must reach the loss, or none");
            for (input, gradient) in vector_jacobian(self, &known) {
                let sum = match gradients.get(&input) {
                    Some(&earlier) => {
                        let shape = self.shape(input).to_vec();
                        self.node("Add", &[earlier, gradient], vec![], shape)
                    }
                    None => gradient,
                };
                gradients.insert(input, sum);
            }
        }
        let found = |v: &Value| match gradients.get(v) {
            Some(&gradient) => gradient,
            None => panic!("{} does not reach the loss", self.values[v.0].name),
        };
        parameters.iter().map(found).collect()
    }
}
