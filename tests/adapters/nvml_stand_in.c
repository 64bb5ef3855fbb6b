/* A stand-in libnvidia-ml.so.1: every call reads its answer from the file named by $NVML_STAND_IN.
 *
 * One `key=value` a line:
 *   count=2  driver_version=580.65.06  cuda_version=13000  init=9 (the code that nvmlInit returns)
 *   0.name=NVIDIA H100  0.uuid=GPU-1  0.memory_total_mib=81559  0.mig_mode=1      (GPU 0)
 *   0.mig.1.uuid=MIG-1  0.mig.1.name=NVIDIA H100 MIG 1g.10gb                      (its MIG slice 1)
 *   0.compute=4711:8000 (pid:MiB, as many as there are; "4711:" where the driver hides the MiB)  0.graphics=…
 *   0.p2p.1=0 (NVLink status towards GPU 1)   0.error=15 (each reading fails)   0.handle=15 (no handle)
 *   0.clocks_event_reasons=64 (bits: why its clocks are held down)
 *   hang=name (the reading of `name` never returns, and leaves a grandchild behind)
 *   crash=name (the reading of `name` ends the process with SIGSEGV)
 * A key that is missing answers "Not Supported", as a driver does.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OK = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7 };
typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned gpu, memory; } Utilization;
typedef struct { char legacy[16]; unsigned domain, bus, device, id, subsystem; char bus_id[32]; } Pci;
typedef struct { unsigned pid; unsigned long long used; unsigned gpu_instance, compute_instance; } Process;
typedef struct { unsigned sm, copy, decode, encode, jpeg, ofa, gi_slices, ci_slices; unsigned long long mb; } Attributes;

static int look_up(const char *key, char *value, size_t size) {
    char line[512];
    FILE *answers = fopen(getenv("NVML_STAND_IN"), "r");
    if (!answers) return 0;
    int found = 0;
    while (!found && fgets(line, sizeof line, answers)) {
        line[strcspn(line, "\n")] = 0;
        char *equals = strchr(line, '=');
        if (!equals) continue;
        *equals = 0;
        if ((found = !strcmp(line, key))) snprintf(value, size, "%s", equals + 1);
    }
    fclose(answers);
    return found;
}

/* A handle is GPU index + 1, and for a MIG slice 256 * (slice + 1) more. */
static void key_of(char *key, size_t size, const void *handle, const char *field) {
    size_t gpu = ((size_t)handle & 255) - 1, slice = (size_t)handle >> 8;
    if (slice) snprintf(key, size, "%zu.mig.%zu.%s", gpu, slice - 1, field);
    else snprintf(key, size, "%zu.%s", gpu, field);
}

static int text(const void *handle, const char *field, char *value, size_t size) {
    char key[128], code[16], hang[64] = "";
    if (look_up("hang", hang, sizeof hang) && !strcmp(hang, field)) { fork(); for (;;) pause(); }
    if (look_up("crash", hang, sizeof hang) && !strcmp(hang, field)) raise(SIGSEGV);
    if (!handle) return look_up(field, value, size) ? OK : NOT_SUPPORTED;
    key_of(key, sizeof key, handle, "error");
    if (look_up(key, code, sizeof code)) return atoi(code);
    key_of(key, sizeof key, handle, field);
    return look_up(key, value, size) ? OK : NOT_SUPPORTED;
}

static int number(const void *handle, const char *field, unsigned *value) {
    char digits[32];
    int code = text(handle, field, digits, sizeof digits);
    if (code == OK) *value = strtoul(digits, NULL, 10);
    return code;
}

/* As a driver does, it first tells how many there are, then fills as much room as it is given. */
static int processes(void *handle, const char *field, unsigned *count, Process *list) {
    char value[400];
    unsigned found = 0;
    int code = text(handle, field, value, sizeof value);
    if (code != OK) return code;
    for (char *each = strtok(value, " "); each; each = strtok(NULL, " "), found++) {
        if (found >= *count || !list) continue;
        char *mib = strchr(each, ':') + 1;
        Process process = {atoi(each), *mib ? strtoull(mib, NULL, 10) << 20 : ~0ull, ~0u, ~0u};
        list[found] = process;
    }
    code = found > *count ? INSUFFICIENT_SIZE : OK;
    *count = found;
    return code;
}

int nvmlInitWithFlags(unsigned flags) {
    unsigned code = OK;
    (void)flags;
    number(NULL, "init", &code);
    return code;
}
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { return OK; }
int nvmlSystemGetDriverVersion(char *v, unsigned n) { return text(NULL, "driver_version", v, n); }
int nvmlSystemGetCudaDriverVersion_v2(int *v) { return number(NULL, "cuda_version", (unsigned *)v); }
int nvmlDeviceGetCount_v2(unsigned *v) { return number(NULL, "count", v); }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    unsigned code = OK;
    *handle = (void *)(size_t)(index + 1);
    number(*handle, "handle", &code);
    return code;
}
int nvmlDeviceGetMinorNumber(void *h, unsigned *v) { return number(h, "minor_number", v); }
int nvmlDeviceGetName(void *h, char *v, unsigned n) { return text(h, "name", v, n); }
int nvmlDeviceGetUUID(void *h, char *v, unsigned n) { return text(h, "uuid", v, n); }
int nvmlDeviceGetPciInfo_v3(void *h, Pci *v) { return text(h, "pci", v->bus_id, sizeof v->bus_id); }
int nvmlDeviceGetMemoryInfo(void *h, Memory *v) {
    unsigned total, used = 0;
    int code = number(h, "memory_total_mib", &total);
    if (code != OK) return code;
    number(h, "memory_used_mib", &used);
    v->total = (unsigned long long)total << 20, v->used = (unsigned long long)used << 20;
    v->free = v->total - v->used;
    return OK;
}
int nvmlDeviceGetCudaComputeCapability(void *h, int *major, int *minor) {
    char value[16];
    int code = text(h, "compute_capability", value, sizeof value);
    return code != OK ? code : sscanf(value, "%d.%d", major, minor) == 2 ? OK : NOT_SUPPORTED;
}
int nvmlDeviceGetUtilizationRates(void *h, Utilization *v) { return number(h, "utilization", &v->gpu); }
int nvmlDeviceGetTemperature(void *h, int sensor, unsigned *v) { (void)sensor; return number(h, "temperature", v); }
int nvmlDeviceGetPowerUsage(void *h, unsigned *v) { return number(h, "power_mw", v); }
int nvmlDeviceGetEnforcedPowerLimit(void *h, unsigned *v) { return number(h, "power_limit_mw", v); }
int nvmlDeviceGetCurrentClocksEventReasons(void *h, unsigned long long *v) {
    unsigned bits = 0;
    int code = number(h, "clocks_event_reasons", &bits);
    *v = bits;
    return code;
}
int nvmlDeviceGetEccMode(void *h, unsigned *now, unsigned *next) { *next = 0; return number(h, "ecc", now); }
int nvmlDeviceGetMigMode(void *h, unsigned *now, unsigned *next) { *next = 0; return number(h, "mig_mode", now); }
int nvmlDeviceGetMaxMigDeviceCount(void *h, unsigned *v) { return number(h, "mig_count", v); }
int nvmlDeviceGetMigDeviceHandleByIndex(void *h, unsigned index, void **slice) {
    char uuid[96];
    *slice = (void *)((size_t)h + 256 * (size_t)(index + 1));
    return text(*slice, "uuid", uuid, sizeof uuid) == OK ? OK : NOT_FOUND;
}
int nvmlDeviceGetAttributes_v2(void *h, Attributes *v) {
    unsigned mb = 0;
    int code = number(h, "gi_slices", &v->gi_slices);
    number(h, "memory_total_mib", &mb);
    v->mb = mb;
    return code == OK ? number(h, "ci_slices", &v->ci_slices) : code;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void *h, unsigned *n, Process *v) { return processes(h, "compute", n, v); }
int nvmlDeviceGetGraphicsRunningProcesses_v3(void *h, unsigned *n, Process *v) { return processes(h, "graphics", n, v); }
int nvmlDeviceGetMaxClockInfo(void *h, int domain, unsigned *v) {
    return number(h, domain == 1 ? "sm_clock_mhz" : domain == 2 ? "memory_clock_mhz" : "other_clock_mhz", v);
}
int nvmlDeviceGetMemoryBusWidth(void *h, unsigned *v) { return number(h, "memory_bus_width_bits", v); }
int nvmlDeviceGetNumGpuCores(void *h, unsigned *v) { return number(h, "core_count", v); }
int nvmlDeviceGetP2PStatus(void *h, void *peer, unsigned index, unsigned *status) {
    char field[32];
    snprintf(field, sizeof field, "p2p.%zu", (size_t)peer - 1);
    return index == 2 ? number(h, field, status) : NOT_SUPPORTED;
}
