//! Which instructions this CPU has.

use std::fmt;
use std::str::FromStr;

/// A set of instructions that the encoder has kernels for, plainest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isa {
    /// Whatever the compiler takes for granted.
    Portable,
    /// AVX2 and FMA.
    Avx2,
    /// AVX2 with 8-bit dot products.
    AvxVnni,
    /// AVX-512 F, BW, DQ, VL.
    Avx512,
    /// AVX-512 with 8-bit dot products.
    Avx512Vnni,
    /// AVX-512 with the matrix unit for 8-bit products.
    Amx,
    /// NEON on aarch64.
    Neon,
    /// NEON with 8-bit dot products.
    NeonDot,
}

impl Isa {
    /// All, plainest first.
    pub const ALL: [Self; 8] = [
        Self::Portable,
        Self::Avx2,
        Self::AvxVnni,
        Self::Avx512,
        Self::Avx512Vnni,
        Self::Amx,
        Self::Neon,
        Self::NeonDot,
    ];

    /// The best that this CPU has and the operating system allows.
    pub fn detect() -> Self {
        Self::ALL.into_iter().rfind(|isa| isa.is_available()).unwrap_or(Self::Portable)
    }

    /// Whether this CPU has it and the operating system allows it.
    pub fn is_available(self) -> bool {
        // Miri runs plain Rust, no assembly and few intrinsics.
        if cfg!(miri) {
            return self == Self::Portable;
        }
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => Self::Avx2.is_available() && is_x86_feature_detected!("avxvnni"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => Self::Avx512.is_available() && is_x86_feature_detected!("avx512vnni"),
            #[cfg(target_arch = "x86_64")]
            Self::Amx => Self::Avx512Vnni.is_available() && amx::is_available(),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => true,
            #[cfg(target_arch = "aarch64")]
            Self::NeonDot => std::arch::is_aarch64_feature_detected!("dotprod"),
            #[allow(unreachable_patterns, reason = "sets of other architectures")]
            _ => false,
        }
    }

    /// Whether the CPU can multiply bfloat16 in its matrix unit.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn has_amx_bf16(self) -> bool {
        self == Self::Amx && self.is_available() && amx::has_bf16()
    }

    /// Whether the CPU can multiply bfloat16 in registers of 512 bits.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn has_avx512_bf16(self) -> bool {
        let wide = matches!(self, Self::Avx512 | Self::Avx512Vnni | Self::Amx);
        wide && self.is_available() && is_x86_feature_detected!("avx512bf16")
    }

    /// The name in settings and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::AvxVnni => "avx-vnni",
            Self::Avx512 => "avx512",
            Self::Avx512Vnni => "avx512-vnni",
            Self::Amx => "amx",
            Self::Neon => "neon",
            Self::NeonDot => "neon-dot",
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Isa {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|isa| isa.name() == name)
            .ok_or_else(|| format!("{name:?} is not a set of instructions that is known: {}", known()))
    }
}

#[cfg(target_arch = "x86_64")]
mod amx {
    use std::arch::x86_64::__cpuid_count;
    use std::sync::OnceLock;

    /// The tile unit and its 8-bit product in leaf 7.
    const TILE_AND_INT8: u32 = 1 << 24 | 1 << 25;
    /// Its product of bfloat16, in the same place.
    const BF16: u32 = 1 << 22;

    pub(super) fn has_bf16() -> bool {
        __cpuid_count(7, 0).edx & BF16 != 0
    }

    /// Asked once: the answer of the operating system is for the whole process.
    pub(super) fn is_available() -> bool {
        static ANSWER: OnceLock<bool> = OnceLock::new();
        // The processor's own answer; `is_x86_feature_detected!` does not know AMX in stable Rust yet.
        *ANSWER.get_or_init(|| __cpuid_count(7, 0).edx & TILE_AND_INT8 == TILE_AND_INT8 && is_granted())
    }

    /// Tile data is 8 KB of state a thread, which Linux saves only for processes that asked for it.
    #[cfg(target_os = "linux")]
    fn is_granted() -> bool {
        const ARCH_PRCTL: usize = 158;
        const REQUEST_PERMISSION: usize = 0x1023;
        const TILE_DATA: usize = 18;
        let answer: isize;
        // SAFETY: the system call takes two numbers, touches no memory of ours and clobbers rcx and r11.
        unsafe {
            std::arch::asm!(
                "syscall",
                inlateout("rax") ARCH_PRCTL => answer,
                in("rdi") REQUEST_PERMISSION,
                in("rsi") TILE_DATA,
                out("rcx") _,
                out("r11") _,
                options(nostack),
            );
        }
        answer == 0
    }

    #[cfg(not(target_os = "linux"))]
    fn is_granted() -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_as_what_it_names() {
        for isa in Isa::ALL {
            assert_eq!(isa.name().parse(), Ok(isa));
        }
        assert!("sse9".parse::<Isa>().is_err_and(|error| error.contains("avx512-vnni")));
    }

    #[test]
    fn what_is_detected_is_available() {
        assert!(Isa::detect().is_available());
    }
}
