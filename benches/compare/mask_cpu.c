/* Hides instruction sets from the process that preloads this library, so that programs which choose their
 * kernels by CPUID choose those of an older processor.
 *
 *   cc -O2 -shared -fPIC -o mask_cpu.so mask_cpu.c
 *   LD_PRELOAD=./mask_cpu.so MASK_CPU=avx2 program
 *
 * MASK_CPU says what is left: avx2, avxvnni, avx512 (no VNNI, bf16, fp16 or AMX) or avx512vnni (no AMX).
 *
 * Linux lets a thread ask that CPUID faults (flag cpuid_fault in /proc/cpuinfo). The handler of that fault
 * runs the instruction itself, clears the bits and steps over it. New threads and forks inherit this; a
 * program that is executed preloads the library again. What ran before the constructor has seen the whole
 * processor: the dynamic loader and with it glibc's memcpy. XGETBV cannot be masked and says that the wide
 * registers exist, but whoever asks it alone would also use them on a processor without the instructions. */

#define _GNU_SOURCE
#include <cpuid.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012
#define BIT(n) (1u << (n))

/* Leaf 7, subleaf 0. */
#define AVX512_EBX (BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31))
#define AVX512_VNNI_ECX BIT(11)
#define AVX512_ECX (BIT(1) | BIT(6) | AVX512_VNNI_ECX | BIT(12) | BIT(14))
#define AVX512_FP16_EDX BIT(23)
#define AVX512_EDX (BIT(2) | BIT(3) | BIT(8) | AVX512_FP16_EDX)
#define AMX_EDX (BIT(22) | BIT(24) | BIT(25))
/* Leaf 7, subleaf 1. */
#define AVX_VNNI_EAX BIT(4)
#define AVX512_BF16_EAX BIT(5)
#define AMX_FP16_EAX BIT(21)
#define AVX_IFMA_EAX BIT(23)
#define AVX_VNNI_EDX (BIT(4) | BIT(10))
#define AMX_COMPLEX_EDX BIT(8)
#define AVX10_EDX BIT(19)

/* Bits to clear. */
static struct {
    unsigned ebx, ecx, edx; /* leaf 7, subleaf 0 */
    unsigned eax1, edx1;    /* leaf 7, subleaf 1 */
} hidden;

static int choose(const char *left) {
    hidden.edx = AMX_EDX;
    hidden.eax1 = AMX_FP16_EAX;
    hidden.edx1 = AMX_COMPLEX_EDX;
    if (strcmp(left, "avx512vnni") == 0) return 1;
    hidden.edx1 |= AVX10_EDX;
    if (strcmp(left, "avx512") == 0) {
        hidden.ecx = AVX512_VNNI_ECX;
        hidden.edx |= AVX512_FP16_EDX;
        hidden.eax1 |= AVX_VNNI_EAX | AVX512_BF16_EAX;
        hidden.edx1 |= AVX_VNNI_EDX;
        return 1;
    }
    hidden.ebx = AVX512_EBX;
    hidden.ecx = AVX512_ECX;
    hidden.edx |= AVX512_EDX;
    hidden.eax1 |= AVX512_BF16_EAX;
    if (strcmp(left, "avxvnni") == 0) return 1;
    hidden.eax1 |= AVX_VNNI_EAX | AVX_IFMA_EAX;
    hidden.edx1 |= AVX_VNNI_EDX;
    return strcmp(left, "avx2") == 0;
}

static long set_cpuid(int allowed) { return syscall(SYS_arch_prctl, ARCH_SET_CPUID, allowed); }

static void on_fault(int signal_number, siginfo_t *info, void *context) {
    greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
    const unsigned char *code = (const unsigned char *)regs[REG_RIP];
    if (info->si_code != SI_KERNEL || code[0] != 0x0f || code[1] != 0xa2) {
        /* A true fault: let it happen again without us. */
        signal(signal_number, SIG_DFL);
        return;
    }
    int saved_errno = errno;
    unsigned leaf = (unsigned)regs[REG_RAX], subleaf = (unsigned)regs[REG_RCX];
    unsigned eax, ebx, ecx, edx;
    set_cpuid(1);
    __cpuid_count(leaf, subleaf, eax, ebx, ecx, edx);
    set_cpuid(0);
    if (leaf == 7 && subleaf == 0) {
        ebx &= ~hidden.ebx;
        ecx &= ~hidden.ecx;
        edx &= ~hidden.edx;
    } else if (leaf == 7 && subleaf == 1) {
        eax &= ~hidden.eax1;
        edx &= ~hidden.edx1;
    }
    regs[REG_RAX] = eax;
    regs[REG_RBX] = ebx;
    regs[REG_RCX] = ecx;
    regs[REG_RDX] = edx;
    regs[REG_RIP] += 2;
    errno = saved_errno;
}

static void fail(const char *why) {
    fprintf(stderr, "mask_cpu: %s\n", why);
    _exit(2);
}

__attribute__((constructor)) static void mask(void) {
    const char *left = getenv("MASK_CPU");
    if (left == NULL || !choose(left)) fail("MASK_CPU must be avx2, avxvnni, avx512 or avx512vnni");
    struct sigaction action = {0};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    if (sigaction(SIGSEGV, &action, NULL) != 0) fail("SIGSEGV cannot be handled");
    if (set_cpuid(0) != 0) fail("this kernel or processor cannot hide CPUID (flag cpuid_fault)");
}
