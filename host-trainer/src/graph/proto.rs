//! The finished graph as an ONNX model in protocol-buffer form.

use std::collections::HashSet;

use super::builder::{Attribute, Dim, ElementType, Graph, Stored, Value};
use super::messages::{
    self as pb, attribute_proto::AttributeType, tensor_proto::DataType, tensor_shape_proto::dimension,
};
use super::{IR_VERSION, OPSET};

impl Graph {
    /// The ONNX model.
    #[must_use]
    pub fn into_model(self, name: &str) -> pb::ModelProto {
        let names: Vec<String> = self.values.iter().map(|v| v.name.clone()).collect();
        debug_assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "two values share a name");
        let shapes: Vec<Vec<Dim>> = self.values.into_iter().map(|v| v.shape).collect();
        let name_of = |v: &Value| names[v.0].clone();
        let info = |v: &Value, element| value_info(name_of(v), element, &shapes[v.0]);
        let nodes = self.nodes.into_iter().map(|node| pb::NodeProto {
            name: format!("{}_{}", node.operator, node.outputs[0].0),
            op_type: node.operator.to_owned(),
            input: node.inputs.iter().map(name_of).collect(),
            output: node.outputs.iter().map(name_of).collect(),
            attribute: node.attributes.into_iter().map(|(name, a)| attribute(name, a)).collect(),
            ..Default::default()
        });
        let graph = pb::GraphProto {
            name: name.to_owned(),
            node: nodes.collect(),
            input: self.inputs.iter().map(|(v, element)| info(v, *element)).collect(),
            output: self.outputs.iter().map(|v| info(v, ElementType::F32)).collect(),
            initializer: self
                .initialisers
                .into_iter()
                .map(|(v, data)| tensor(name_of(&v), &shapes[v.0], data))
                .collect(),
            ..Default::default()
        };
        pb::ModelProto {
            ir_version: IR_VERSION,
            opset_import: vec![pb::OperatorSetIdProto { domain: String::new(), version: OPSET }],
            producer_name: env!("CARGO_PKG_NAME").to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(graph),
            ..Default::default()
        }
    }
}

fn value_info(name: String, element: ElementType, shape: &[Dim]) -> pb::ValueInfoProto {
    let dimension = |dim: &Dim| pb::tensor_shape_proto::Dimension {
        denotation: String::new(),
        value: Some(match dim {
            Dim::Fixed(n) => dimension::Value::DimValue(*n as i64),
            Dim::Symbol(symbol) => dimension::Value::DimParam((*symbol).to_owned()),
        }),
    };
    let tensor = pb::type_proto::Tensor {
        elem_type: data_type(element) as i32,
        shape: Some(pb::TensorShapeProto { dim: shape.iter().map(dimension).collect() }),
    };
    pb::ValueInfoProto {
        name,
        r#type: Some(pb::TypeProto {
            denotation: String::new(),
            value: Some(pb::type_proto::Value::TensorType(tensor)),
        }),
        doc_string: String::new(),
    }
}

fn tensor(name: String, shape: &[Dim], data: Stored) -> pb::TensorProto {
    let (element, raw_data) = match data {
        Stored::F32(data) => (ElementType::F32, data.iter().flat_map(|v| v.to_le_bytes()).collect()),
        Stored::I64(data) => (ElementType::I64, data.iter().flat_map(|v| v.to_le_bytes()).collect()),
    };
    let size = |dim: &Dim| match dim {
        Dim::Fixed(n) => Some(*n as i64),
        Dim::Symbol(_) => None,
    };
    pb::TensorProto {
        name,
        dims: shape.iter().filter_map(size).collect(),
        data_type: data_type(element) as i32,
        raw_data,
        ..Default::default()
    }
}

fn attribute(name: &str, value: Attribute) -> pb::AttributeProto {
    let mut proto = pb::AttributeProto { name: name.to_owned(), ..Default::default() };
    let kind = match value {
        Attribute::Int(i) => {
            proto.i = i;
            AttributeType::Int
        }
        Attribute::Ints(ints) => {
            proto.ints = ints;
            AttributeType::Ints
        }
        Attribute::Float(f) => {
            proto.f = f;
            AttributeType::Float
        }
    };
    proto.r#type = kind as i32;
    proto
}

fn data_type(element: ElementType) -> DataType {
    match element {
        ElementType::F32 => DataType::Float,
        ElementType::I64 => DataType::Int64,
    }
}
