# SPDX-License-Identifier: MIT
# The include rule of the tree: what each folder of supervisor/ may include beside itself. Read by the
# Makefile (what a folder's tests link) and by tests/lint/layers (what is refused). One line a folder.
LAYER_base      =
LAYER_unitfile  = base
LAYER_runtime   = base
LAYER_log       = base
LAYER_core      = base unitfile
LAYER_install   = base unitfile
LAYER_kinds     = base unitfile runtime log core
LAYER_recovery  = base unitfile runtime core
LAYER_control   = base unitfile runtime log core install kinds recovery
LAYER_daemon    = base unitfile runtime log core install kinds recovery control
LAYER_init      =
LAYER_logger    =
LAYER_client    = base
LAYER_ctl       = base unitfile log client
# supd-image: the program, and the folders that it is made of.
LAYER_image     = base image/oci image/confine image/registry image/store image/layer image/driver
LAYER_image/oci      = base
LAYER_image/confine  = base
LAYER_image/registry = base image/oci image/confine
LAYER_image/store    = base image/oci
LAYER_image/layer    = base image/oci image/confine image/store
LAYER_image/driver   = base image/oci image/confine image/store

# Headers of libraries, and the only folders that may include them.
LIBRARY_ini.h              = unitfile
LIBRARY_seccomp.h          = runtime
LIBRARY_sys/capability.h   = runtime
LIBRARY_systemd/sd-journal.h = log ctl
LIBRARY_systemd/sd-bus.h   = control client daemon ctl
LIBRARY_systemd/sd-event.h = base core kinds recovery control daemon client ctl log runtime
LIBRARY_systemd/sd-daemon.h = daemon recovery
LIBRARY_systemd/sd-id128.h = kinds core log control ctl daemon
LIBRARY_jansson.h          = ctl image/oci gateway
LIBRARY_archive.h          = image image/layer
LIBRARY_archive_entry.h    = image image/layer
LIBRARY_openssl/evp.h      = image/oci image/registry
LIBRARY_isa-l/igzip_lib.h  = image/layer
LIBRARY_curl/curl.h         = image/registry
LIBRARY_btrfsutil.h         = image/driver
