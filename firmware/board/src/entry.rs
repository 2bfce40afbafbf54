//! The entry point and the buffers that live as long as the image.

/// Declares `main` and the static buffers it is lent, each by its name.
///
/// ```text
/// fact_board::entry! {
///     /// Trains.
///     fn main(theta: [f32; 112] = [0.0; 112], seen: [u32; 4] = [0; 4]) -> u8 { … }
/// }
/// ```
/// `main` is entered once, so each buffer is borrowed once, for ever; its value is the exit code.
/// A buffer is a symbol of its own in the linked image, where `proof ram` finds it.
#[macro_export]
macro_rules! entry {
    (
        $(#[$attribute:meta])*
        fn main($($name:ident: [$type:ty; $len:expr] = $init:expr),* $(,)?) -> u8 $body:block
    ) => {
        $(#[$attribute])*
        fn image_main($($name: &'static mut [$type; $len]),*) -> u8 $body

        #[$crate::rt::entry]
        fn image_entry() -> ! {
            $crate::paint_stack();
            let code = image_main($({
                // A section of its own keeps the linker from merging it with other statics.
                #[unsafe(link_section = concat!(".bss.", stringify!($name)))]
                #[allow(non_upper_case_globals)]
                static mut $name: [$type; $len] = $init;
                // SAFETY: the runtime enters this function once, and the name is visible here only.
                unsafe { &mut *(&raw mut $name) }
            }),*);
            $crate::print("# stack ");
            $crate::print_number($crate::stack_used() as u64);
            $crate::print("\n");
            // Statics that the stack has run into cannot be trusted.
            $crate::exit(if $crate::stack_left() { code } else { 3 })
        }
    };
}
