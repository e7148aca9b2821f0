//! Measures a component before anything compiles it, in time linear in its size. A small file can expand into a huge
//! one: components that instantiate one another, or functions whose loops all carry all locals. Such a file is refused
//! with its count and the limit. This code never recurses over the file.

use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    CompositeInnerType, Encoding, FunctionBody, Instance, Operator, Parser, Payload, RecGroup,
};

use super::fault::cut;
use super::{Fault, Limits};

/// Definitions, imports, exports and aliases, each counted as often as its component is instantiated. A rule in any
/// documented language has a few hundred.
const MOST_PARTS: u64 = 20_000;
/// Instances of core modules, counted the same way. Python rules have about fifteen.
pub const MOST_CORE_INSTANCES: u32 = 40;
/// Levels of nested components. The documented tools create two.
const MOST_DEPTH: usize = 16;
/// Size of one function. The largest known is Python's interpreter loop.
const MOST_FUNCTION_BYTES: u64 = 512 << 10;
const MOST_LOCALS: u64 = 10_000;
/// Values that the branches and calls of one function may carry: each branch carries all locals, each call its
/// parameters and results. The compiler's time and memory grow with this number.
const MOST_CARRIED: u64 = 16_000_000;

/// The counts. Tests compare the limits with real modules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub parts: u64,
    pub core_instances: u64,
    pub depth: usize,
    pub functions: u64,
    /// The size of the largest function.
    pub function_bytes: u64,
    pub locals: u64,
    pub carried: u64,
}

/// Measures a component. `Refused` names the count that exceeds its limit, or why the file cannot be read.
pub fn count(bytes: &[u8], limits: &Limits) -> Result<Counted, Fault> {
    let mut counter = Counter {
        most_functions: limits.functions(),
        ..Counter::default()
    };
    for payload in Parser::new(0).parse_all(bytes) {
        counter.take(payload.map_err(unsound)?)?;
    }
    Ok(counter.counted)
}

fn unsound(error: wasmparser::BinaryReaderError) -> Fault {
    Fault::Refused(format!(
        "not a valid WebAssembly component: {}",
        cut(&error.to_string())
    ))
}

fn over(what: &str, count: u64, most: u64) -> Fault {
    Fault::Refused(format!("{what}: it has {count}, and {most} are allowed"))
}

fn within(what: &str, count: u64, most: u64) -> Result<u64, Fault> {
    if count > most {
        Err(over(what, count, most))
    } else {
        Ok(count)
    }
}

/// Refuses a module with too many functions.
pub fn admit_functions(count: u64, most: u64) -> Result<(), Fault> {
    if count <= most {
        return Ok(());
    }
    Err(Fault::Refused(format!(
        "functions: it has {count}, and {most} are allowed; the setting rules.module_limit_kib allows more"
    )))
}

/// The cost of one instance of a component.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    parts: u64,
    core_instances: u64,
}

impl Cost {
    fn add(&mut self, other: Self) {
        self.parts = self.parts.saturating_add(other.parts);
        self.core_instances = self.core_instances.saturating_add(other.core_instances);
    }
}

/// A component that is being read.
#[derive(Debug, Default)]
struct Open {
    cost: Cost,
    /// The components it can name, by index. `None` for an imported one.
    components: Vec<Option<Cost>>,
}

/// The core module that is being read. Core modules do not nest.
#[derive(Debug, Default)]
struct Module {
    /// The number of parameters and results of each type. `None` if it is not a function type.
    widths: Vec<u64>,
    widest: u64,
    /// The types of the functions whose bodies have not been read yet.
    to_come: std::collections::VecDeque<u32>,
}

#[derive(Default)]
struct Counter {
    counted: Counted,
    most_functions: u64,
    /// From the outermost to the innermost.
    open: Vec<Open>,
    /// The encodings of the files that are open, from the outermost to the innermost.
    encodings: Vec<Encoding>,
    module: Module,
}

impl Counter {
    fn take(&mut self, payload: Payload) -> Result<(), Fault> {
        match payload {
            Payload::Version { encoding, .. } => self.begin(encoding)?,
            Payload::End(_) => self.end()?,
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    self.instance(&instance.map_err(unsound)?)?;
                }
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    self.core_instance(&instance.map_err(unsound)?)?;
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    self.alias(&alias.map_err(unsound)?)?;
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    let kind = import.map_err(unsound)?.ty.kind();
                    self.given(kind)?;
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export.map_err(unsound)?;
                    let named = (export.kind == ComponentExternalKind::Component)
                        .then(|| self.named(0, export.index));
                    self.part(1)?;
                    if let Some(cost) = named {
                        self.learn(cost);
                    }
                }
            }
            // Their entries are counted but not read: types nest, and reading them recurses.
            Payload::ComponentTypeSection(section) => self.part(section.count().into())?,
            Payload::CoreTypeSection(section) => self.part(section.count().into())?,
            Payload::ComponentCanonicalSection(section) => self.part(section.count().into())?,
            Payload::TypeSection(section) => {
                for group in section {
                    self.module.learn(&group.map_err(unsound)?);
                }
            }
            Payload::FunctionSection(section) => {
                for kind in section {
                    self.module.to_come.push_back(kind.map_err(unsound)?);
                }
            }
            Payload::CodeSectionStart { count, .. } => {
                self.counted.functions += u64::from(count);
                admit_functions(self.counted.functions, self.most_functions)?;
            }
            Payload::CodeSectionEntry(body) => self.function(&body)?,
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, encoding: Encoding) -> Result<(), Fault> {
        self.encodings.push(encoding);
        if encoding == Encoding::Component {
            self.open.push(Open::default());
            let depth = self.counted.depth.max(self.open.len());
            within(
                "components inside one another",
                depth as u64,
                MOST_DEPTH as u64,
            )?;
            self.counted.depth = depth;
        } else {
            self.module = Module::default();
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let ended = self.encodings.pop();
        if ended == Some(Encoding::Component)
            && let Some(component) = self.open.pop()
        {
            match self.open.last_mut() {
                Some(outer) => outer.components.push(Some(component.cost)),
                None => {
                    self.counted.parts = component.cost.parts;
                    self.counted.core_instances = component.cost.core_instances;
                }
            }
        }
        if self.open.is_empty() {
            Ok(())
        } else {
            self.part(1)
        }
    }

    fn instance(&mut self, instance: &ComponentInstance) -> Result<(), Fault> {
        match instance {
            ComponentInstance::Instantiate {
                component_index,
                args,
            } => {
                let Some(cost) = self.named(0, *component_index) else {
                    return Err(Fault::Refused(
                        "it instantiates an imported component; a rule may instantiate only its own"
                            .into(),
                    ));
                };
                self.spend(cost)?;
                self.part(args.len() as u64 + 1)
            }
            ComponentInstance::FromExports(exports) => self.part(exports.len() as u64 + 1),
        }
    }

    fn core_instance(&mut self, instance: &Instance) -> Result<(), Fault> {
        match instance {
            Instance::Instantiate { args, .. } => self.spend(Cost {
                parts: args.len() as u64 + 1,
                core_instances: 1,
            }),
            Instance::FromExports(exports) => self.part(exports.len() as u64 + 1),
        }
    }

    fn alias(&mut self, alias: &ComponentAlias) -> Result<(), Fault> {
        match alias {
            ComponentAlias::InstanceExport { kind, .. } => self.given(*kind),
            ComponentAlias::Outer {
                kind: ComponentOuterAliasKind::Component,
                count,
                index,
            } => {
                let named = self.named(*count, *index);
                self.learn(named);
                self.part(1)
            }
            ComponentAlias::Outer { .. } | ComponentAlias::CoreInstanceExport { .. } => {
                self.part(1)
            }
        }
    }

    /// An import.
    fn given(&mut self, kind: ComponentExternalKind) -> Result<(), Fault> {
        if kind == ComponentExternalKind::Component {
            self.learn(None);
        }
        self.part(1)
    }

    /// The component with that index, seen from the component `outward` levels further out.
    fn named(&self, outward: u32, index: u32) -> Option<Cost> {
        let place = self.open.len().checked_sub(outward as usize + 1)?;
        *self.open.get(place)?.components.get(index as usize)?
    }

    fn learn(&mut self, component: Option<Cost>) {
        if let Some(open) = self.open.last_mut() {
            open.components.push(component);
        }
    }

    fn part(&mut self, parts: u64) -> Result<(), Fault> {
        self.spend(Cost {
            parts,
            core_instances: 0,
        })
    }

    fn spend(&mut self, cost: Cost) -> Result<(), Fault> {
        let Some(open) = self.open.last_mut() else {
            return Ok(());
        };
        open.cost.add(cost);
        let Cost {
            parts,
            core_instances,
        } = open.cost;
        within("parts, those of its instances included", parts, MOST_PARTS)?;
        let most = MOST_CORE_INSTANCES.into();
        within("instances of core modules", core_instances, most)?;
        Ok(())
    }

    fn function(&mut self, body: &FunctionBody) -> Result<(), Fault> {
        let counted = &mut self.counted;
        let size = body.range().len() as u64;
        within("bytes in one function", size, MOST_FUNCTION_BYTES)?;
        let mut locals = 0_u64;
        for group in body.get_locals_reader().map_err(unsound)? {
            let (count, _) = group.map_err(unsound)?;
            locals = locals.saturating_add(count.into());
        }
        within("locals in one function", locals, MOST_LOCALS)?;
        let kind = self.module.to_come.pop_front();
        let own = kind.and_then(|kind| self.module.widths.get(kind as usize));
        let carried = carried(body, locals + own.copied().unwrap_or(0), self.module.widest)?;
        within(
            "values carried by the branches and calls of one function",
            carried,
            MOST_CARRIED,
        )?;
        counted.function_bytes = counted.function_bytes.max(size);
        counted.locals = counted.locals.max(locals);
        counted.carried = counted.carried.max(carried);
        Ok(())
    }
}

impl Module {
    fn learn(&mut self, group: &RecGroup) {
        for kind in group.types() {
            let width = match &kind.composite_type.inner {
                CompositeInnerType::Func(kind) => kind.params().len() + kind.results().len(),
                _ => 0,
            };
            self.widths.push(width as u64);
            self.widest = self.widest.max(width as u64);
        }
    }
}

/// `locals`: the function's, including parameters. `widest`: the most values that a block or call can take and return.
fn carried(body: &FunctionBody, locals: u64, widest: u64) -> Result<u64, Fault> {
    let (mut branches, mut calls) = (0_u64, 0_u64);
    for operator in body.get_operators_reader().map_err(unsound)? {
        match operator.map_err(unsound)? {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::TryTable { .. }
            | Operator::Br { .. }
            | Operator::BrIf { .. }
            | Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. } => branches += 1,
            Operator::BrTable { targets } => branches += u64::from(targets.len()) + 1,
            Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => calls += 1,
            _ => {}
        }
    }
    let by_branches = branches.saturating_mul(locals.saturating_add(widest));
    Ok(by_branches.saturating_add(calls.saturating_mul(widest)))
}
