"""The host probe over made-up /proc and /sys trees."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.host import _cpu_count, _instruction_sets, probe_host
from orchestrator.core.inventory import Host

GIB = 1024**3
NO_LIMIT_V1 = 9223372036854771712

X86 = "processor : 0\nmodel name : AMD EPYC 9354\nflags : fpu sse4_2 avx2 avx512_vnni amx_int8\n\nprocessor : 1"
ARM = "processor : 0\nFeatures : fp asimd asimddp i8mm sve"


class Tree:
    """A made-up machine with 8 CPUs, 64 GiB and 48 GiB of it available, on which files are laid."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lay("proc/cpuinfo", X86)
        self.lay("proc/self/status", "Name:\tpython\nCpus_allowed_list:\t0-7")
        self.lay("proc/self/cgroup", "0::/")
        self.lay("proc/meminfo", "MemTotal: 67108864 kB\nMemFree: 1048576 kB\nMemAvailable: 50331648 kB")

    def lay(self, path: str, text: object) -> None:
        """Write one file of the tree."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")

    def probe(self) -> Host:
        """The host that the tree describes."""
        return probe_host(self.root, proc=self.root / "proc", sys=self.root / "sys")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A machine without any control group."""
    return Tree(tmp_path)


def test_a_machine_without_limits_may_use_all_it_has(tree: Tree) -> None:
    host = tree.probe()
    assert (host.cpu_model, host.cpu_cores) == ("AMD EPYC 9354", 8)
    assert host.instruction_sets == ("sse4_2", "avx2", "avx512_vnni", "amx_int8")
    assert (host.memory_total_bytes, host.memory_available_bytes) == (64 * GIB, 48 * GIB)


def test_arm_sets_carry_the_names_that_llama_cpp_gives_them(tree: Tree) -> None:
    tree.lay("proc/cpuinfo", ARM)
    assert tree.probe().instruction_sets == ("neon", "dotprod", "i8mm", "sve")


def test_cores_outside_of_the_affinity_do_not_count(tree: Tree) -> None:
    tree.lay("proc/self/status", "Cpus_allowed_list:\t0-1,6")
    assert tree.probe().cpu_cores == 3


def test_a_v2_container_sees_its_limits_at_the_root(tree: Tree) -> None:
    tree.lay("sys/fs/cgroup/cpu.max", "200000 100000")
    tree.lay("sys/fs/cgroup/memory.max", 16 * GIB)
    tree.lay("sys/fs/cgroup/memory.current", 6 * GIB)
    tree.lay("sys/fs/cgroup/memory.stat", f"anon 1\ninactive_file {2 * GIB}\nactive_file 9")
    host = tree.probe()
    assert (host.cpu_cores, host.memory_total_bytes) == (2, 16 * GIB)
    assert host.memory_available_bytes == 12 * GIB


def test_a_v2_limit_on_a_parent_counts(tree: Tree) -> None:
    tree.lay("proc/self/cgroup", "0::/kubepods/pod1/engine")
    tree.lay("sys/fs/cgroup/kubepods/memory.max", 32 * GIB)
    tree.lay("sys/fs/cgroup/kubepods/memory.current", 30 * GIB)
    tree.lay("sys/fs/cgroup/kubepods/pod1/cpu.max", "300000 100000")
    tree.lay("sys/fs/cgroup/kubepods/pod1/engine/memory.max", "max")
    tree.lay("sys/fs/cgroup/kubepods/pod1/engine/cpu.max", "max 100000")
    host = tree.probe()
    assert (host.cpu_cores, host.memory_total_bytes) == (3, 32 * GIB)
    assert host.memory_available_bytes == 2 * GIB


def test_total_and_available_may_come_from_different_groups(tree: Tree) -> None:
    tree.lay("proc/self/cgroup", "0::/pods/engine")
    tree.lay("sys/fs/cgroup/pods/memory.max", 32 * GIB)
    tree.lay("sys/fs/cgroup/pods/memory.current", 31 * GIB)
    tree.lay("sys/fs/cgroup/pods/engine/memory.max", 8 * GIB)
    tree.lay("sys/fs/cgroup/pods/engine/memory.current", GIB)
    host = tree.probe()
    assert (host.memory_total_bytes, host.memory_available_bytes) == (8 * GIB, GIB)


def test_v1_limits_are_read_from_each_controller_and_its_parents(tree: Tree) -> None:
    tree.lay("proc/self/cgroup", "5:memory:/docker/abc\n4:cpuacct,cpu:/docker/abc\n1:name=systemd:/\n0::/")
    (tree.root / "sys/fs/cgroup/cpu,cpuacct").mkdir(parents=True)
    (tree.root / "sys/fs/cgroup/cpu").symlink_to("cpu,cpuacct")
    tree.lay("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", 450000)
    tree.lay("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", 100000)
    tree.lay("sys/fs/cgroup/memory/memory.limit_in_bytes", NO_LIMIT_V1)
    tree.lay("sys/fs/cgroup/memory/docker/memory.limit_in_bytes", 24 * GIB)
    tree.lay("sys/fs/cgroup/memory/docker/memory.usage_in_bytes", 8 * GIB)
    tree.lay("sys/fs/cgroup/memory/docker/memory.stat", f"total_inactive_file {3 * GIB}")
    host = tree.probe()
    assert (host.cpu_cores, host.memory_total_bytes) == (4, 24 * GIB)
    assert host.memory_available_bytes == 19 * GIB


def test_a_v1_container_that_sees_only_its_own_mount_finds_its_limits_there(tree: Tree) -> None:
    tree.lay("proc/self/cgroup", "5:memory:/docker/abc\n4:cpu:/docker/abc")
    tree.lay("sys/fs/cgroup/memory/memory.limit_in_bytes", 4 * GIB)
    tree.lay("sys/fs/cgroup/cpu/cpu.cfs_quota_us", 100000)
    tree.lay("sys/fs/cgroup/cpu/cpu.cfs_period_us", 100000)
    host = tree.probe()
    assert (host.cpu_cores, host.memory_total_bytes) == (1, 4 * GIB)


def test_no_quota_in_v1_is_no_limit(tree: Tree) -> None:
    tree.lay("proc/self/cgroup", "4:cpu:/")
    tree.lay("sys/fs/cgroup/cpu/cpu.cfs_quota_us", -1)
    tree.lay("sys/fs/cgroup/cpu/cpu.cfs_period_us", 100000)
    assert tree.probe().cpu_cores == 8


def test_the_tightest_of_several_quotas_counts_and_a_wide_one_adds_no_core(tree: Tree) -> None:
    tree.lay("proc/self/cgroup", "0::/pods/engine")
    tree.lay("sys/fs/cgroup/pods/cpu.max", "9900000 100000")
    assert tree.probe().cpu_cores == 8
    tree.lay("sys/fs/cgroup/pods/engine/cpu.max", "250000 100000")
    assert tree.probe().cpu_cores == 2


def test_half_a_core_is_still_one_thread(tree: Tree) -> None:
    tree.lay("sys/fs/cgroup/cpu.max", "50000 100000")
    assert tree.probe().cpu_cores == 1


def test_a_group_outside_of_the_namespace_is_not_mistaken_for_one_inside(tree: Tree) -> None:
    tree.lay("proc/self/cgroup", "0::/../engine")
    tree.lay("sys/fs/cgroup/engine/memory.max", GIB)
    assert tree.probe().memory_total_bytes == 64 * GIB


def test_a_group_over_its_limit_has_nothing_left_rather_than_less(tree: Tree) -> None:
    tree.lay("sys/fs/cgroup/memory.max", 4 * GIB)
    tree.lay("sys/fs/cgroup/memory.current", 5 * GIB)
    assert tree.probe().memory_available_bytes == 0


def test_more_file_cache_than_use_leaves_no_more_than_the_limit(tree: Tree) -> None:
    tree.lay("sys/fs/cgroup/memory.max", 4 * GIB)
    tree.lay("sys/fs/cgroup/memory.current", GIB)
    tree.lay("sys/fs/cgroup/memory.stat", f"inactive_file {2 * GIB}")
    assert tree.probe().memory_available_bytes == 4 * GIB


def test_an_old_kernel_tells_free_memory_only(tree: Tree) -> None:
    tree.lay("proc/meminfo", "MemTotal: 2097152 kB\nMemFree: 1048576 kB")
    assert tree.probe().memory_available_bytes == GIB


def test_the_disk_is_asked_where_the_weights_will_go(tree: Tree) -> None:
    host = probe_host(tree.root / "not" / "yet", proc=tree.root / "proc", sys=tree.root / "sys")
    assert host.disk_free_bytes == pytest.approx(psutil.disk_usage(str(tree.root)).free, rel=0.05)


def test_a_system_without_proc_answers_through_psutil(tmp_path: Path) -> None:
    host = probe_host(tmp_path, proc=tmp_path / "none", sys=tmp_path / "none")
    assert host.memory_total_bytes == psutil.virtual_memory().total
    assert host.cpu_cores == psutil.cpu_count()
    assert host.instruction_sets == ()


def test_this_machine_can_be_probed(tmp_path: Path) -> None:
    host = probe_host(tmp_path)
    assert 0 < host.memory_available_bytes <= host.memory_total_bytes
    assert host.cpu_cores >= 1
    assert host.disk_free_bytes > 0


@given(st.sets(st.integers(0, 4096), min_size=1))
def test_a_cpu_list_counts_each_cpu_once(cpus: set[int]) -> None:
    assert _cpu_count(",".join(_ranges(sorted(cpus)))) == len(cpus)


@given(st.lists(st.sampled_from(["avx2", "neon", "asimd", "asimddp", "fpu", "sve2"])))
def test_instruction_sets_are_named_once_and_only_if_known(flags: list[str]) -> None:
    found = _instruction_sets({"Features": " ".join(flags)})
    assert set(found) <= {"avx2", "neon", "dotprod"}
    assert len(found) == len(set(found))
    assert ("neon" in found) == bool({"neon", "asimd"} & set(flags))


def _ranges(cpus: list[int]) -> list[str]:
    """The kernel's way of writing CPU numbers: runs as `first-last`."""
    runs: list[list[int]] = []
    for cpu in cpus:
        if runs and cpu == runs[-1][-1] + 1:
            runs[-1].append(cpu)
        else:
            runs.append([cpu])
    return [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
