/* SPDX-License-Identifier: MIT */
#include "unitfile/unit-keys-internal.h"

/*
 * The rest of the language (UNITS.md 3): what supd does not do, or not yet, or never. A key without
 * which a container would see other data, or be less isolated, than its file says is an error; any other
 * that is for later is a warning.
 */

#define NO_EFFECT KEY_NO_EFFECT
#define LATER KEY_NOT_YET
#define REFUSED KEY_NOT_YET_REFUSED
#define REJECTED KEY_REJECTED
#define SILENT KEY_SILENT

#define HOST_COMMANDS "applies to commands on the host, and is not supported yet; ignored"

/* clang-format off */
const UnitKeyRow unit_keys_unhandled[] = {
        { "Container", LATER, NULL, NULL, "NetworkAlias DNSOption DNSSearch" },
        { "Container", REJECTED, "split enabled no-conmon", "is not available: a container always has a cgroup", "CgroupsMode" },
        { "Container", NO_EFFECT, NULL, "has no effect: no SELinux labelling", "SecurityLabelDisable SecurityLabelType "
          "SecurityLabelFileType SecurityLabelLevel SecurityLabelNested" },
        { "Container", NO_EFFECT, NULL, "has no effect: no update daemon", "AutoUpdate" },
        { "Container", NO_EFFECT, NULL, "has no effect: no counterpart of Podman's setting", "ContainersConfModule GlobalArgs" },

        { "Unit", SILENT, NULL, "File the unit was made from", "SourcePath" },
        { "Unit", NO_EFFECT, NULL, "has no effect: namespaces are shared by Network=NAME.container", "JoinsNamespaceOf" },
        { "Unit", NO_EFFECT, "no n false f 0 off", "has no effect: supd ends once all units have stopped", "SurviveFinalKillSignal" },
        { "Unit", LATER, "none", NULL, "StartLimitAction FailureAction SuccessAction JobTimeoutAction" },
        { "Unit", LATER, NULL, NULL, "FailureActionExitStatus SuccessActionExitStatus JobTimeoutRebootArgument" },
        { "Unit", NO_EFFECT, NULL, "is about the host; treated as met", "ConditionACPower ConditionNeedsUpdate "
          "ConditionPathIsEncrypted ConditionCredential ConditionFirmware AssertACPower AssertNeedsUpdate "
          "AssertPathIsEncrypted AssertCredential" },
        { "Unit", NO_EFFECT, NULL, "has no effect", "RebootArgument IgnoreOnSnapshot" },

        { "Service", REJECTED, NULL, "is not allowed: the container is the main process", "ExecStart" },
        { "Service", LATER, "normal direct", NULL, "RestartMode" },
        { "Service", LATER, NULL, NULL, "ReloadSignal PIDFile" },
        { "Service", LATER, NULL, NULL, "GuessMainPID" },
        { "Service", LATER, "none", NULL, "StartLimitAction FailureAction" },
        { "Service", NO_EFFECT, NULL, "has no effect", "RebootArgument SysVStartPriority BusPolicy Capabilities" },
        { "Service", REJECTED, NULL, "is not available", "BusName USBFunctionDescriptors USBFunctionStrings" },
        { "Service", LATER, "yes y true t 1 on", NULL, "Delegate" },
        { "Service", LATER, NULL, NULL, "DelegateSubgroup MemoryPressureWatch MemoryPressureThresholdSec" },
        { "Service", SILENT, NULL, "Below the group of a container no controller is enabled", "DisableControllers" },
        { "Service", SILENT, NULL, "Accounting is always on", "CPUAccounting MemoryAccounting IOAccounting TasksAccounting" },
        { "Service", NO_EFFECT, NULL, "has no effect: the key without Startup or Default is used throughout",
          "StartupCPUWeight StartupAllowedCPUs StartupAllowedMemoryNodes StartupMemoryLow StartupMemoryHigh StartupMemoryMax "
          "StartupMemorySwapMax StartupMemoryZSwapMax StartupIOWeight DefaultMemoryMin DefaultMemoryLow DefaultStartupMemoryLow" },
        { "Service", NO_EFFECT, "no n false f 0 off", "is not enforced", "IPAccounting" },
        { "Service", NO_EFFECT, NULL, "is not enforced", "IPAddressAllow IPAddressDeny SocketBindAllow SocketBindDeny "
          "RestrictNetworkInterfaces NFTSet IPIngressFilterPath IPEgressFilterPath BPFProgram" },
        { "Service", NO_EFFECT, NULL, "has no effect: no such daemon", "ManagedOOMSwap ManagedOOMMemoryPressure "
          "ManagedOOMMemoryPressureLimit ManagedOOMMemoryPressureDurationSec ManagedOOMPreference CoredumpReceive" },
        { "Service", NO_EFFECT, NULL, "has no effect: a name of cgroup v1", "CPUShares StartupCPUShares MemoryLimit "
          "BlockIOAccounting BlockIOWeight StartupBlockIOWeight BlockIODeviceWeight BlockIOReadBandwidth BlockIOWriteBandwidth NetClass" },
        { "Service", NO_EFFECT, NULL, HOST_COMMANDS, "DynamicUser "
          "LimitNOFILE LimitNPROC LimitCORE LimitMEMLOCK LimitCPU LimitFSIZE LimitDATA LimitSTACK LimitRSS LimitAS LimitLOCKS "
          "LimitSIGPENDING LimitMSGQUEUE LimitNICE LimitRTPRIO LimitRTTIME" },
        { "Service", NO_EFFECT, NULL, HOST_COMMANDS, "NoNewPrivileges CapabilityBoundingSet AmbientCapabilities SecureBits "
          "SystemCallFilter SystemCallArchitectures SystemCallErrorNumber SystemCallLog RestrictNamespaces "
          "RestrictAddressFamilies RestrictRealtime RestrictSUIDSGID LockPersonality MemoryDenyWriteExecute RootDirectory "
          "RootDirectoryStartOnly ProtectSystem ProtectHome PrivateTmp PrivateDevices PrivateNetwork PrivateIPC PrivateMounts "
          "PrivateUsers PrivatePIDs NetworkNamespacePath IPCNamespacePath ReadOnlyPaths ReadWritePaths InaccessiblePaths "
          "ExecPaths NoExecPaths BindPaths BindReadOnlyPaths TemporaryFileSystem ReadWriteDirectories ReadOnlyDirectories "
          "InaccessibleDirectories ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectClock "
          "ProtectControlGroups ProtectHostname ProtectProc ProcSubset MountAPIVFS MountFlags" },
        { "Service", NO_EFFECT, NULL, "has no effect: directories are not cleaned by a verb", "TimeoutCleanSec" },
        { "Service", NO_EFFECT, NULL, HOST_COMMANDS, "CPUAffinity CPUSchedulingPolicy CPUSchedulingPriority "
          "CPUSchedulingResetOnFork IOSchedulingClass IOSchedulingPriority NUMAPolicy NUMAMask TimerSlackNSec IgnoreSIGPIPE "
          "CoredumpFilter Personality KeyringMode ExecSearchPath RemoveIPC MemoryKSM SetLoginEnvironment TTYPath TTYReset "
          "TTYVHangup TTYVTDisallocate TTYRows TTYColumns StandardInputText StandardInputData" },
        { "Service", REJECTED, NULL, "is not supported: the secret would be missing", "ImportCredential LoadCredentialEncrypted "
          "SetCredentialEncrypted" },
        { "Service", REJECTED, NULL, "is not supported: processes would see the wrong files", "RootImage RootImageOptions "
          "RootImagePolicy RootHash RootHashSignature RootVerity RootEphemeral ExtensionImages ExtensionImagePolicy "
          "ExtensionDirectories MountImages MountImagePolicy" },
        { "Service", REJECTED, "-*", "is not supported: no label would be set", "SELinuxContext AppArmorProfile SmackProcessLabel" },
        { "Service", REJECTED, NULL, "is not supported: no PAM", "PAMName" },
        { "Service", NO_EFFECT, NULL, "has no effect: not available", "UtmpIdentifier UtmpMode LogNamespace" },
        { "Service", NO_EFFECT, NULL, "is not enforced", "StateDirectoryAccounting StateDirectoryQuota CacheDirectoryAccounting "
          "CacheDirectoryQuota LogsDirectoryAccounting LogsDirectoryQuota RestrictFileSystems PrivateBPF BPFDelegateCommands "
          "BPFDelegateMaps BPFDelegatePrograms BPFDelegateAttachments DelegateNamespaces BindLogSockets" },

        /* Sections of the types that are not supported yet: for the manual, and for those who edit. */
        { "Pod", LATER, NULL, NULL, "NetworkAlias DNSOption DNSSearch" },
        { "Pod", REFUSED, "host", NULL, "UserNS" },
        { "Pod", REFUSED, NULL, NULL, "UIDMap GIDMap SubUIDMap SubGIDMap RemapUsers RemapUid RemapGid RemapUidSize" },
        { "Pod", NO_EFFECT, NULL, "has no effect: no counterpart of Podman's setting", "ContainersConfModule GlobalArgs" },
        { "Volume", LATER, NULL, NULL, "VolumeName ServiceName Driver Image Device Type Options User Group UID GID Copy Label "
          "PodmanArgs" },
        { "Volume", NO_EFFECT, NULL, "has no effect: no counterpart of Podman's setting", "ContainersConfModule GlobalArgs" },
        { "Network", LATER, NULL, NULL, "NetworkName ServiceName Driver Subnet Gateway IPRange IPv6 Internal DisableDNS DNS "
          "InterfaceName IPAMDriver Options Label NetworkDeleteOnStop PodmanArgs" },
        { "Network", NO_EFFECT, NULL, "has no effect: no counterpart of Podman's setting", "ContainersConfModule GlobalArgs" },
        { "Image", NO_EFFECT, "false no 0 off", "has no effect: only the named tag is fetched", "AllTags" },
        { "Image", REJECTED, NULL, "is not supported: encrypted images can't be read", "DecryptionKey" },
        { "Image", NO_EFFECT, NULL, "has no effect: no counterpart of Podman's setting", "ContainersConfModule GlobalArgs" },
        { "Timer", NO_EFFECT, "no false off 0 n f", "has no effect: no wake timers in containers", "WakeSystem" },
        { "Socket", REFUSED, "no n false f 0 off", "is not supported yet: services get the listening socket itself (Accept=no)", "Accept" },
        { "Socket", SILENT, NULL, "Connections at a time with Accept=yes; without meaning else", "MaxConnections MaxConnectionsPerSource" },
        { "Socket", REFUSED, NULL, "is not supported yet: host commands of sockets are not run", "ExecStartPre ExecStartPost ExecStopPre ExecStopPost" },
        { "Socket", SILENT, NULL, "Limit of host commands, of which a socket has none", "TimeoutSec" },
        { "Socket", LATER, "no n false f 0 off", NULL, "PassFileDescriptorsToExec DeferTrigger" },
        { "Socket", LATER, "infinity", NULL, "DeferTriggerMaxSec" },
        { "Socket", REJECTED, NULL, "is not implemented", "ListenNetlink ListenSpecial ListenMessageQueue "
          "MessageQueueMaxMessages MessageQueueMessageSize ListenUSBFunction" },
        { "Socket", SILENT, NULL, "Is about ListenSpecial=, which is not implemented", "Writable" },
        { "Socket", NO_EFFECT, NULL, "has no effect: no LSM labels", "SmackLabel SmackLabelIPIn SmackLabelIPOut SELinuxContextFromNet" },
        {},
};
/* clang-format on */
