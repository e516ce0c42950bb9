#include "tests/hostile/owned/reader_calls.h"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

/* What tests/hostile/owned.c has made for this: nothing of anybody's, but for the running machine.
 */
struct targets {
    virConnectPtr libvirt;
    virDomainPtr machine; /* runs */
    virDomainPtr domain;  /* is off */
    virDomainSnapshotPtr snapshot;
    virNetworkPtr network;
    virStoragePoolPtr pool;
    virStorageVolPtr volume;
    virNWFilterPtr filter;
    virSecretPtr secret;
    virStreamPtr stream;
    char buffer[512];
};

#define DOMAIN                                                                                     \
    "<domain type='qemu'><name>made</name><memory>1024</memory><os><type>hvm</type></os></domain>"
#define NETWORK "<network><name>made</name></network>"
#define POOL    "<pool type='dir'><name>made</name><target><path>/tmp/made</path></target></pool>"
#define VOLUME  "<volume><name>made</name><capacity>1024</capacity></volume>"
#define DEVICE                                                                                     \
    "<hostdev mode='subsystem' type='usb'><source><address bus='1' "                               \
    "device='1'/></source></hostdev>"
#define CPU "<cpu><arch>x86_64</arch><model>qemu64</model></cpu>"

/* The second word of a function's name is CALL's argument; what it returns says whether it went. */
#define CALL(name, expression)                                                                     \
    static int call_##name(struct targets *t)                                                      \
    {                                                                                              \
        (void)t;                                                                                   \
        return (expression) ? 0 : -1;                                                              \
    }

CALL(DomainCreateXML, virDomainCreateXML(t->libvirt, DOMAIN, 0) != NULL)
CALL(DomainCreateXMLWithFiles, virDomainCreateXMLWithFiles(t->libvirt, DOMAIN, 0, NULL, 0) != NULL)
CALL(DomainDefineXML, virDomainDefineXML(t->libvirt, DOMAIN) != NULL)
CALL(DomainDefineXMLFlags, virDomainDefineXMLFlags(t->libvirt, DOMAIN, 0) != NULL)
CALL(DomainShutdown, virDomainShutdown(t->machine) >= 0)
CALL(DomainShutdownFlags, virDomainShutdownFlags(t->machine, 0) >= 0)
CALL(DomainReboot, virDomainReboot(t->machine, 0) >= 0)
CALL(DomainReset, virDomainReset(t->machine, 0) >= 0)
CALL(DomainDestroy, virDomainDestroy(t->machine) >= 0)
CALL(DomainDestroyFlags, virDomainDestroyFlags(t->machine, 0) >= 0)
CALL(DomainSuspend, virDomainSuspend(t->machine) >= 0)
CALL(DomainResume, virDomainResume(t->machine) >= 0)
CALL(DomainPMSuspendForDuration, virDomainPMSuspendForDuration(t->machine, 0, 0, 0) >= 0)
CALL(DomainPMWakeup, virDomainPMWakeup(t->machine, 0) >= 0)
CALL(DomainSave, virDomainSave(t->machine, "/tmp/made") >= 0)
CALL(DomainSaveFlags, virDomainSaveFlags(t->machine, "/tmp/made", NULL, 0) >= 0)
CALL(DomainRestore, virDomainRestore(t->libvirt, "/tmp/made") >= 0)
CALL(DomainRestoreFlags, virDomainRestoreFlags(t->libvirt, "/tmp/made", NULL, 0) >= 0)
CALL(DomainSaveImageDefineXML, virDomainSaveImageDefineXML(t->libvirt, "/tmp/made", DOMAIN, 0) >= 0)
CALL(DomainSaveImageGetXMLDesc, virDomainSaveImageGetXMLDesc(t->libvirt, "/etc/shadow", 0) != NULL)
CALL(DomainManagedSave, virDomainManagedSave(t->machine, 0) >= 0)
CALL(DomainManagedSaveRemove, virDomainManagedSaveRemove(t->domain, 0) >= 0)
CALL(DomainManagedSaveDefineXML, virDomainManagedSaveDefineXML(t->domain, DOMAIN, 0) >= 0)
CALL(DomainCoreDump, virDomainCoreDump(t->machine, "/tmp/made", 0) >= 0)
CALL(DomainCoreDumpWithFormat, virDomainCoreDumpWithFormat(t->machine, "/tmp/made", 0, 0) >= 0)
CALL(DomainScreenshot, virDomainScreenshot(t->machine, t->stream, 0, 0) != NULL)
CALL(DomainSetMaxMemory, virDomainSetMaxMemory(t->domain, 2048) >= 0)
CALL(DomainSetMemory, virDomainSetMemory(t->machine, 2048) >= 0)
CALL(DomainSetMemoryFlags, virDomainSetMemoryFlags(t->domain, 2048, VIR_DOMAIN_AFFECT_CONFIG) >= 0)
CALL(DomainSetMemoryStatsPeriod, virDomainSetMemoryStatsPeriod(t->machine, 1, 0) >= 0)
CALL(DomainSetMetadata, virDomainSetMetadata(t->domain, VIR_DOMAIN_METADATA_TITLE, "made", NULL,
                                             NULL, VIR_DOMAIN_AFFECT_CONFIG) >= 0)
CALL(DomainBlockPeek, virDomainBlockPeek(t->machine, "vda", 0, 512, t->buffer, 0) >= 0)
CALL(DomainMemoryPeek, virDomainMemoryPeek(t->machine, 0, 512, t->buffer, VIR_MEMORY_PHYSICAL) >= 0)
CALL(DomainBlockResize, virDomainBlockResize(t->machine, "vda", 4096, 0) >= 0)
CALL(DomainUndefine, virDomainUndefine(t->domain) >= 0)
CALL(DomainUndefineFlags, virDomainUndefineFlags(t->domain, 0) >= 0)
CALL(DomainCreate, virDomainCreate(t->domain) >= 0)
CALL(DomainCreateWithFlags, virDomainCreateWithFlags(t->domain, 0) >= 0)
CALL(DomainCreateWithFiles, virDomainCreateWithFiles(t->domain, 0, NULL, 0) >= 0)
CALL(DomainSetAutostart, virDomainSetAutostart(t->domain, 1) >= 0)
CALL(DomainSetVcpus, virDomainSetVcpus(t->machine, 1) >= 0)
CALL(DomainSetVcpusFlags, virDomainSetVcpusFlags(t->machine, 1, 0) >= 0)
CALL(DomainPinVcpu, virDomainPinVcpu(t->machine, 0, (unsigned char *)t->buffer, 1) >= 0)
CALL(DomainPinVcpuFlags,
     virDomainPinVcpuFlags(t->machine, 0, (unsigned char *)t->buffer, 1, 0) >= 0)
CALL(DomainPinEmulator, virDomainPinEmulator(t->machine, (unsigned char *)t->buffer, 1, 0) >= 0)
CALL(DomainAddIOThread, virDomainAddIOThread(t->machine, 1, 0) >= 0)
CALL(DomainDelIOThread, virDomainDelIOThread(t->machine, 1, 0) >= 0)
CALL(DomainAttachDevice, virDomainAttachDevice(t->machine, DEVICE) >= 0)
CALL(DomainAttachDeviceFlags, virDomainAttachDeviceFlags(t->machine, DEVICE, 0) >= 0)
CALL(DomainDetachDevice, virDomainDetachDevice(t->machine, DEVICE) >= 0)
CALL(DomainDetachDeviceFlags, virDomainDetachDeviceFlags(t->machine, DEVICE, 0) >= 0)
CALL(DomainUpdateDeviceFlags, virDomainUpdateDeviceFlags(t->machine, DEVICE, 0) >= 0)
CALL(DomainDetachDeviceAlias, virDomainDetachDeviceAlias(t->machine, "a", 0) >= 0)
CALL(DomainBlockJobAbort, virDomainBlockJobAbort(t->machine, "vda", 0) >= 0)
CALL(DomainBlockJobSetSpeed, virDomainBlockJobSetSpeed(t->machine, "vda", 1, 0) >= 0)
CALL(DomainBlockPull, virDomainBlockPull(t->machine, "vda", 0, 0) >= 0)
CALL(DomainBlockRebase, virDomainBlockRebase(t->machine, "vda", NULL, 0, 0) >= 0)
CALL(DomainBlockCommit, virDomainBlockCommit(t->machine, "vda", NULL, NULL, 0, 0) >= 0)
CALL(DomainBlockCopy,
     virDomainBlockCopy(t->machine, "vda", "<disk><source file='/tmp/made'/></disk>", NULL, 0, 0) >=
         0)
CALL(DomainSendKey, virDomainSendKey(t->machine, 0, 0, (unsigned int *)t->buffer, 1, 0) >= 0)
CALL(DomainSendProcessSignal, virDomainSendProcessSignal(t->machine, 1, 1, 0) >= 0)
CALL(DomainAbortJob, virDomainAbortJob(t->machine) >= 0)
CALL(DomainOpenConsole, virDomainOpenConsole(t->machine, NULL, t->stream, 0) >= 0)
CALL(DomainOpenChannel, virDomainOpenChannel(t->machine, NULL, t->stream, 0) >= 0)
CALL(DomainOpenGraphicsFD, virDomainOpenGraphicsFD(t->machine, 0, 0) >= 0)
CALL(DomainInjectNMI, virDomainInjectNMI(t->machine, 0) >= 0)
CALL(DomainFSTrim, virDomainFSTrim(t->machine, NULL, 0, 0) >= 0)
CALL(DomainFSFreeze, virDomainFSFreeze(t->machine, NULL, 0, 0) >= 0)
CALL(DomainFSThaw, virDomainFSThaw(t->machine, NULL, 0, 0) >= 0)
CALL(DomainSetTime, virDomainSetTime(t->machine, 1, 0, 0) >= 0)
CALL(DomainSetUserPassword, virDomainSetUserPassword(t->machine, "root", "made", 0) >= 0)
CALL(DomainRename, virDomainRename(t->domain, "made", 0) >= 0)
CALL(DomainSetGuestVcpus, virDomainSetGuestVcpus(t->machine, "0", 1, 0) >= 0)
CALL(DomainSetVcpu, virDomainSetVcpu(t->machine, "0", 1, 0) >= 0)
CALL(DomainSetBlockThreshold, virDomainSetBlockThreshold(t->machine, "vda", 1, 0) >= 0)
CALL(DomainSetLifecycleAction, virDomainSetLifecycleAction(t->machine, 0, 0, 0) >= 0)
CALL(DomainAgentSetResponseTimeout, virDomainAgentSetResponseTimeout(t->machine, 1, 0) >= 0)
CALL(DomainBackupBegin, virDomainBackupBegin(t->machine, "<domainbackup/>", NULL, 0) >= 0)
CALL(DomainStartDirtyRateCalc, virDomainStartDirtyRateCalc(t->machine, 1, 0) >= 0)
CALL(DomainMigrateSetMaxDowntime, virDomainMigrateSetMaxDowntime(t->machine, 1, 0) >= 0)
CALL(DomainMigrateSetMaxSpeed, virDomainMigrateSetMaxSpeed(t->machine, 1, 0) >= 0)
CALL(DomainMigrateStartPostCopy, virDomainMigrateStartPostCopy(t->machine, 0) >= 0)
CALL(DomainMigrateSetCompressionCache, virDomainMigrateSetCompressionCache(t->machine, 1, 0) >= 0)
CALL(DomainCheckpointCreateXML,
     virDomainCheckpointCreateXML(t->machine, "<domaincheckpoint/>", 0) != NULL)
CALL(DomainSnapshotCreateXML, virDomainSnapshotCreateXML(t->domain, "<domainsnapshot/>", 0) != NULL)
CALL(DomainRevertToSnapshot, virDomainRevertToSnapshot(t->snapshot, 0) >= 0)
CALL(DomainSnapshotDelete, virDomainSnapshotDelete(t->snapshot, 0) >= 0)
CALL(DomainQemuMonitorCommand,
     virDomainQemuMonitorCommand(t->machine, "{\"execute\":\"quit\"}", &(char *){NULL}, 0) >= 0)
CALL(DomainQemuAgentCommand, virDomainQemuAgentCommand(t->machine, "{}", 1, 0) != NULL)
CALL(NetworkCreateXML, virNetworkCreateXML(t->libvirt, NETWORK) != NULL)
CALL(NetworkDefineXML, virNetworkDefineXML(t->libvirt, NETWORK) != NULL)
CALL(NetworkUndefine, virNetworkUndefine(t->network) >= 0)
CALL(NetworkUpdate, virNetworkUpdate(t->network, 1, 1, -1, "<x/>", 0) >= 0)
CALL(NetworkCreate, virNetworkCreate(t->network) >= 0)
CALL(NetworkDestroy, virNetworkDestroy(t->network) >= 0)
CALL(NetworkSetAutostart, virNetworkSetAutostart(t->network, 1) >= 0)
CALL(NetworkPortCreateXML, virNetworkPortCreateXML(t->network, "<networkport/>", 0) != NULL)
CALL(NWFilterDefineXML, virNWFilterDefineXML(t->libvirt, "<filter name='made'/>") != NULL)
CALL(NWFilterUndefine, virNWFilterUndefine(t->filter) >= 0)
CALL(NWFilterBindingCreateXML,
     virNWFilterBindingCreateXML(t->libvirt, "<filterbinding/>", 0) != NULL)
CALL(SecretDefineXML, virSecretDefineXML(t->libvirt, "<secret ephemeral='yes'/>", 0) != NULL)
CALL(SecretUndefine, virSecretUndefine(t->secret) >= 0)
CALL(SecretSetValue, virSecretSetValue(t->secret, (const unsigned char *)"made", 4, 0) >= 0)
CALL(SecretGetValue, virSecretGetValue(t->secret, &(size_t){0}, 0) != NULL)
CALL(StoragePoolCreateXML, virStoragePoolCreateXML(t->libvirt, POOL, 0) != NULL)
CALL(StoragePoolDefineXML, virStoragePoolDefineXML(t->libvirt, POOL, 0) != NULL)
CALL(StoragePoolBuild, virStoragePoolBuild(t->pool, 0) >= 0)
CALL(StoragePoolUndefine, virStoragePoolUndefine(t->pool) >= 0)
CALL(StoragePoolCreate, virStoragePoolCreate(t->pool, 0) >= 0)
CALL(StoragePoolDestroy, virStoragePoolDestroy(t->pool) >= 0)
CALL(StoragePoolDelete, virStoragePoolDelete(t->pool, 0) >= 0)
CALL(StoragePoolRefresh, virStoragePoolRefresh(t->pool, 0) >= 0)
CALL(StoragePoolSetAutostart, virStoragePoolSetAutostart(t->pool, 1) >= 0)
CALL(StorageVolCreateXML, virStorageVolCreateXML(t->pool, VOLUME, 0) != NULL)
CALL(StorageVolCreateXMLFrom, virStorageVolCreateXMLFrom(t->pool, VOLUME, t->volume, 0) != NULL)
CALL(StorageVolDownload, virStorageVolDownload(t->volume, t->stream, 0, 0, 0) >= 0)
CALL(StorageVolUpload, virStorageVolUpload(t->volume, t->stream, 0, 0, 0) >= 0)
CALL(StorageVolDelete, virStorageVolDelete(t->volume, 0) >= 0)
CALL(StorageVolWipe, virStorageVolWipe(t->volume, 0) >= 0)
CALL(StorageVolWipePattern, virStorageVolWipePattern(t->volume, 0, 0) >= 0)
CALL(StorageVolResize, virStorageVolResize(t->volume, 4096, 0) >= 0)
CALL(ConnectFindStoragePoolSources,
     virConnectFindStoragePoolSources(t->libvirt, "logical", NULL, 0) != NULL)
CALL(InterfaceDefineXML, virInterfaceDefineXML(t->libvirt, "<interface/>", 0) != NULL)
CALL(InterfaceChangeBegin, virInterfaceChangeBegin(t->libvirt, 0) >= 0)
CALL(InterfaceChangeCommit, virInterfaceChangeCommit(t->libvirt, 0) >= 0)
CALL(InterfaceChangeRollback, virInterfaceChangeRollback(t->libvirt, 0) >= 0)
CALL(NodeDeviceCreateXML, virNodeDeviceCreateXML(t->libvirt, "<device/>", 0) != NULL)
CALL(NodeDeviceDefineXML, virNodeDeviceDefineXML(t->libvirt, "<device/>", 0) != NULL)
CALL(NodeSuspendForDuration, virNodeSuspendForDuration(t->libvirt, 0, 60, 0) >= 0)
CALL(NodeSetMemoryParameters,
     virNodeSetMemoryParameters(t->libvirt,
                                &(virTypedParameter){.field = "shm_pages_to_scan", .type = 2}, 1,
                                0) >= 0)
CALL(ConnectCompareHypervisorCPU,
     virConnectCompareHypervisorCPU(t->libvirt, "/tmp/bait/emulator", "x86_64", NULL, "qemu", CPU,
                                    0) >= 0)
CALL(ConnectBaselineHypervisorCPU,
     virConnectBaselineHypervisorCPU(t->libvirt, "/tmp/bait/emulator", "x86_64", NULL, "qemu",
                                     &(const char *){CPU}, 1, 0) != NULL)
CALL(ConnectGetDomainCapabilities,
     virConnectGetDomainCapabilities(t->libvirt, "/tmp/bait/emulator", "x86_64", NULL, "qemu", 0) !=
         NULL)
CALL(ConnectDomainXMLFromNative,
     virConnectDomainXMLFromNative(t->libvirt, "qemu-argv", "qemu", 0) != NULL)
CALL(DomainGetXMLDesc, virDomainGetXMLDesc(t->machine, VIR_DOMAIN_XML_SECURE) != NULL)

static const struct {
    const char *name;
    int (*make)(struct targets *targets);
    bool control; /* harmless to what was made for this: also tried where it must succeed */
} calls[] = {
    {"DomainCreateXML", call_DomainCreateXML, false},
    {"DomainCreateXMLWithFiles", call_DomainCreateXMLWithFiles, false},
    {"DomainDefineXML", call_DomainDefineXML, false},
    {"DomainDefineXMLFlags", call_DomainDefineXMLFlags, false},
    {"DomainShutdown", call_DomainShutdown, false},
    {"DomainShutdownFlags", call_DomainShutdownFlags, false},
    {"DomainReboot", call_DomainReboot, false},
    {"DomainReset", call_DomainReset, false},
    {"DomainDestroy", call_DomainDestroy, false},
    {"DomainDestroyFlags", call_DomainDestroyFlags, false},
    {"DomainSuspend", call_DomainSuspend, false},
    {"DomainResume", call_DomainResume, false},
    {"DomainPMSuspendForDuration", call_DomainPMSuspendForDuration, false},
    {"DomainPMWakeup", call_DomainPMWakeup, false},
    {"DomainSave", call_DomainSave, false},
    {"DomainSaveFlags", call_DomainSaveFlags, false},
    {"DomainRestore", call_DomainRestore, false},
    {"DomainRestoreFlags", call_DomainRestoreFlags, false},
    {"DomainSaveImageDefineXML", call_DomainSaveImageDefineXML, false},
    {"DomainSaveImageGetXMLDesc", call_DomainSaveImageGetXMLDesc, false},
    {"DomainManagedSave", call_DomainManagedSave, false},
    {"DomainManagedSaveRemove", call_DomainManagedSaveRemove, false},
    {"DomainManagedSaveDefineXML", call_DomainManagedSaveDefineXML, false},
    {"DomainCoreDump", call_DomainCoreDump, false},
    {"DomainCoreDumpWithFormat", call_DomainCoreDumpWithFormat, false},
    {"DomainScreenshot", call_DomainScreenshot, false},
    {"DomainSetMaxMemory", call_DomainSetMaxMemory, false},
    {"DomainSetMemory", call_DomainSetMemory, false},
    {"DomainSetMemoryFlags", call_DomainSetMemoryFlags, false},
    {"DomainSetMemoryStatsPeriod", call_DomainSetMemoryStatsPeriod, false},
    {"DomainSetMetadata", call_DomainSetMetadata, true},
    {"DomainBlockPeek", call_DomainBlockPeek, false},
    {"DomainMemoryPeek", call_DomainMemoryPeek, false},
    {"DomainBlockResize", call_DomainBlockResize, false},
    {"DomainUndefine", call_DomainUndefine, false},
    {"DomainUndefineFlags", call_DomainUndefineFlags, false},
    {"DomainCreate", call_DomainCreate, true},
    {"DomainCreateWithFlags", call_DomainCreateWithFlags, false},
    {"DomainCreateWithFiles", call_DomainCreateWithFiles, false},
    {"DomainSetAutostart", call_DomainSetAutostart, true},
    {"DomainSetVcpus", call_DomainSetVcpus, false},
    {"DomainSetVcpusFlags", call_DomainSetVcpusFlags, false},
    {"DomainPinVcpu", call_DomainPinVcpu, false},
    {"DomainPinVcpuFlags", call_DomainPinVcpuFlags, false},
    {"DomainPinEmulator", call_DomainPinEmulator, false},
    {"DomainAddIOThread", call_DomainAddIOThread, false},
    {"DomainDelIOThread", call_DomainDelIOThread, false},
    {"DomainAttachDevice", call_DomainAttachDevice, false},
    {"DomainAttachDeviceFlags", call_DomainAttachDeviceFlags, false},
    {"DomainDetachDevice", call_DomainDetachDevice, false},
    {"DomainDetachDeviceFlags", call_DomainDetachDeviceFlags, false},
    {"DomainUpdateDeviceFlags", call_DomainUpdateDeviceFlags, false},
    {"DomainDetachDeviceAlias", call_DomainDetachDeviceAlias, false},
    {"DomainBlockJobAbort", call_DomainBlockJobAbort, false},
    {"DomainBlockJobSetSpeed", call_DomainBlockJobSetSpeed, false},
    {"DomainBlockPull", call_DomainBlockPull, false},
    {"DomainBlockRebase", call_DomainBlockRebase, false},
    {"DomainBlockCommit", call_DomainBlockCommit, false},
    {"DomainBlockCopy", call_DomainBlockCopy, false},
    {"DomainSendKey", call_DomainSendKey, false},
    {"DomainSendProcessSignal", call_DomainSendProcessSignal, false},
    {"DomainAbortJob", call_DomainAbortJob, false},
    {"DomainOpenConsole", call_DomainOpenConsole, false},
    {"DomainOpenChannel", call_DomainOpenChannel, false},
    {"DomainOpenGraphicsFD", call_DomainOpenGraphicsFD, false},
    {"DomainInjectNMI", call_DomainInjectNMI, false},
    {"DomainFSTrim", call_DomainFSTrim, false},
    {"DomainFSFreeze", call_DomainFSFreeze, false},
    {"DomainFSThaw", call_DomainFSThaw, false},
    {"DomainSetTime", call_DomainSetTime, false},
    {"DomainSetUserPassword", call_DomainSetUserPassword, false},
    {"DomainRename", call_DomainRename, false},
    {"DomainSetGuestVcpus", call_DomainSetGuestVcpus, false},
    {"DomainSetVcpu", call_DomainSetVcpu, false},
    {"DomainSetBlockThreshold", call_DomainSetBlockThreshold, false},
    {"DomainSetLifecycleAction", call_DomainSetLifecycleAction, false},
    {"DomainAgentSetResponseTimeout", call_DomainAgentSetResponseTimeout, false},
    {"DomainBackupBegin", call_DomainBackupBegin, false},
    {"DomainStartDirtyRateCalc", call_DomainStartDirtyRateCalc, false},
    {"DomainMigrateSetMaxDowntime", call_DomainMigrateSetMaxDowntime, false},
    {"DomainMigrateSetMaxSpeed", call_DomainMigrateSetMaxSpeed, false},
    {"DomainMigrateStartPostCopy", call_DomainMigrateStartPostCopy, false},
    {"DomainMigrateSetCompressionCache", call_DomainMigrateSetCompressionCache, false},
    {"DomainCheckpointCreateXML", call_DomainCheckpointCreateXML, false},
    {"DomainSnapshotCreateXML", call_DomainSnapshotCreateXML, false},
    {"DomainRevertToSnapshot", call_DomainRevertToSnapshot, false},
    {"DomainSnapshotDelete", call_DomainSnapshotDelete, false},
    {"DomainQemuMonitorCommand", call_DomainQemuMonitorCommand, false},
    {"DomainQemuAgentCommand", call_DomainQemuAgentCommand, false},
    {"NetworkCreateXML", call_NetworkCreateXML, false},
    {"NetworkDefineXML", call_NetworkDefineXML, false},
    {"NetworkUndefine", call_NetworkUndefine, false},
    {"NetworkUpdate", call_NetworkUpdate, false},
    {"NetworkCreate", call_NetworkCreate, false},
    {"NetworkDestroy", call_NetworkDestroy, false},
    {"NetworkSetAutostart", call_NetworkSetAutostart, false},
    {"NetworkPortCreateXML", call_NetworkPortCreateXML, false},
    {"NWFilterDefineXML", call_NWFilterDefineXML, false},
    {"NWFilterUndefine", call_NWFilterUndefine, false},
    {"NWFilterBindingCreateXML", call_NWFilterBindingCreateXML, false},
    {"SecretDefineXML", call_SecretDefineXML, false},
    {"SecretUndefine", call_SecretUndefine, false},
    {"SecretSetValue", call_SecretSetValue, false},
    {"SecretGetValue", call_SecretGetValue, false},
    {"StoragePoolCreateXML", call_StoragePoolCreateXML, false},
    {"StoragePoolDefineXML", call_StoragePoolDefineXML, false},
    {"StoragePoolBuild", call_StoragePoolBuild, false},
    {"StoragePoolUndefine", call_StoragePoolUndefine, false},
    {"StoragePoolCreate", call_StoragePoolCreate, false},
    {"StoragePoolDestroy", call_StoragePoolDestroy, false},
    {"StoragePoolDelete", call_StoragePoolDelete, false},
    {"StoragePoolRefresh", call_StoragePoolRefresh, false},
    {"StoragePoolSetAutostart", call_StoragePoolSetAutostart, false},
    {"StorageVolCreateXML", call_StorageVolCreateXML, false},
    {"StorageVolCreateXMLFrom", call_StorageVolCreateXMLFrom, false},
    {"StorageVolDownload", call_StorageVolDownload, false},
    {"StorageVolUpload", call_StorageVolUpload, false},
    {"StorageVolDelete", call_StorageVolDelete, false},
    {"StorageVolWipe", call_StorageVolWipe, false},
    {"StorageVolWipePattern", call_StorageVolWipePattern, false},
    {"StorageVolResize", call_StorageVolResize, false},
    {"ConnectFindStoragePoolSources", call_ConnectFindStoragePoolSources, false},
    {"InterfaceDefineXML", call_InterfaceDefineXML, false},
    {"InterfaceChangeBegin", call_InterfaceChangeBegin, false},
    {"InterfaceChangeCommit", call_InterfaceChangeCommit, false},
    {"InterfaceChangeRollback", call_InterfaceChangeRollback, false},
    {"NodeDeviceCreateXML", call_NodeDeviceCreateXML, false},
    {"NodeDeviceDefineXML", call_NodeDeviceDefineXML, false},
    {"NodeSuspendForDuration", call_NodeSuspendForDuration, false},
    {"NodeSetMemoryParameters", call_NodeSetMemoryParameters, false},
    {"ConnectCompareHypervisorCPU", call_ConnectCompareHypervisorCPU, false},
    {"ConnectBaselineHypervisorCPU", call_ConnectBaselineHypervisorCPU, false},
    {"ConnectGetDomainCapabilities", call_ConnectGetDomainCapabilities, false},
    {"ConnectDomainXMLFromNative", call_ConnectDomainXMLFromNative, false},
    {"DomainGetXMLDesc", call_DomainGetXMLDesc, false},
};

static void print_nothing(void *data, virErrorPtr error)
{
    (void)data, (void)error;
}

static bool find(struct targets *t)
{
    unsigned char uuid[VIR_UUID_BUFLEN];

    memset(uuid, 0x42, sizeof(uuid));
    t->machine = virDomainLookupByName(t->libvirt, "xw:hostile:alice:m1");
    t->domain = virDomainLookupByName(t->libvirt, "victim");
    t->snapshot = t->domain ? virDomainSnapshotLookupByName(t->domain, "before", 0) : NULL;
    t->network = virNetworkLookupByName(t->libvirt, "victim");
    t->pool = virStoragePoolLookupByName(t->libvirt, "victim");
    t->volume = t->pool ? virStorageVolLookupByName(t->pool, "victim") : NULL;
    t->filter = virNWFilterLookupByName(t->libvirt, "victim");
    t->secret = virSecretLookupByUUID(t->libvirt, uuid);
    t->stream = virStreamNew(t->libvirt, 0);
    return t->machine && t->domain && t->snapshot && t->network && t->pool && t->volume &&
           t->filter && t->secret && t->stream;
}

void reader_calls(int peer, const char *uri, bool control, void (*report)(int, const char *))
{
    static struct targets targets;
    char text[256];

    virSetErrorFunc(NULL, print_nothing);
    targets.libvirt = virConnectOpen(uri);
    if (!targets.libvirt || !find(&targets)) {
        snprintf(text, sizeof(text), "broken: %s\n", virGetLastErrorMessage());
        report(peer, text);
        return;
    }
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (control && !calls[i].control)
            continue;
        virResetLastError();
        int rc = calls[i].make(&targets);
        snprintf(text, sizeof(text), "%s %s %d\n", calls[i].name,
                 rc == 0                                             ? "had"
                 : virGetLastErrorCode() == VIR_ERR_OPERATION_DENIED ? "denied"
                                                                     : "error",
                 rc == 0 ? 0 : virGetLastErrorCode());
        report(peer, text);
    }
    report(peer, "complete\n");
}
