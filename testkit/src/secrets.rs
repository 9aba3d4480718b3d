//! A check that a type for secrets cannot be copied, printed or compared by accident.

/// Fails to compile unless each type lacks `Copy`, `Clone`, `Debug`, `Display` and `PartialEq`.
///
/// ```
/// struct Secret([u8; 32]);
/// neural_vault_testkit::assert_secret!(Secret);
/// ```
///
/// Any single one of the traits fails:
///
/// ```compile_fail
/// #[derive(Clone)]
/// struct Secret([u8; 32]);
/// neural_vault_testkit::assert_secret!(Secret);
/// ```
///
/// ```compile_fail
/// #[derive(Debug)]
/// struct Secret([u8; 32]);
/// neural_vault_testkit::assert_secret!(Secret);
/// ```
///
/// ```compile_fail
/// #[derive(PartialEq)]
/// struct Secret([u8; 32]);
/// neural_vault_testkit::assert_secret!(Secret);
/// ```
#[macro_export]
macro_rules! assert_secret {
    ($($secret:ty),+ $(,)?) => {
        $($crate::static_assertions::assert_not_impl_any!(
            $secret: Copy, Clone, core::fmt::Debug, core::fmt::Display, PartialEq
        );)+
    };
}
