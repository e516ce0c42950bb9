/*
 * Where things are. Only the installation prefix is chosen at build time; state and
 * configuration have one place each, so that every program of ours agrees on it.
 */
#ifndef XW_COMMON_PATHS_H
#define XW_COMMON_PATHS_H

#ifndef XW_LIBEXECDIR
#define XW_LIBEXECDIR "/usr/local/libexec/xworlds"
#endif

#define XW_GATE_PATH  XW_LIBEXECDIR "/xwhelper"
#define XW_RELAY_PATH XW_LIBEXECDIR "/xwrelay"

#define XW_CONFIG_PATH "/etc/xworlds/xworlds.conf"
#define XW_LABS_SOURCE "/etc/xworlds/labs.d"

#define XW_STATE_DIR  "/var/lib/xworlds"
#define XW_LABS_DIR   XW_STATE_DIR "/labs"
#define XW_OWNERS_DIR XW_STATE_DIR "/owners"
#define XW_WORLDS_DIR XW_STATE_DIR "/worlds"
#define XW_IMAGES_DIR XW_STATE_DIR "/images"

#define XW_IDLE_DIR XW_STATE_DIR "/idle"

#define XW_RUN_DIR       "/run/xworlds"
#define XW_KEEPER_SOCKET XW_RUN_DIR "/keeper.sock"
#define XW_CONSOLE_DIR   XW_RUN_DIR "/console"

/* Where the kernel has the settings of bridges. */
#define XW_INTERFACES_DIR "/sys/devices/virtual/net"

/* Where cgroups are; with cgroup v1, the world's below each controller's directory. */
#define XW_CGROUP_DIR     "/sys/fs/cgroup"
#define XW_PARTITIONS_DIR "machine/xw.partition"

/* The accounts that sysusers.d makes. */
#define XW_HELPER_USER "xwhelper"
#define XW_READER_USER "xwread"
#define XW_RELAY_USER  "xwrelay"

#endif
