# package.cmake - the Debian package: cmake --workflow --preset package, or, configured with
# -DCMAKE_INSTALL_PREFIX=/usr, the target package.

# What Debian wants beside the files of every installation: it is not installed otherwise.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
	set(doc ${CMAKE_INSTALL_DATADIR}/doc/lightning-backup)
	install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${doc} RENAME copyright)
	find_program(GZIP gzip)
	install(CODE "
		execute_process(COMMAND ${GZIP} -9nc ${PROJECT_SOURCE_DIR}/docs/debian/changelog
			OUTPUT_FILE \"${PROJECT_BINARY_DIR}/changelog.gz\" COMMAND_ERROR_IS_FATAL ANY)
		file(GLOB pages \"\$ENV{DESTDIR}/usr/${CMAKE_INSTALL_MANDIR}/man*/backup*.[158]\")
		execute_process(COMMAND ${GZIP} -9nf \${pages} COMMAND_ERROR_IS_FATAL ANY)")
	install(FILES ${PROJECT_BINARY_DIR}/changelog.gz DESTINATION ${doc})
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME lightning-backup)
set(CPACK_PACKAGE_VENDOR "The backup developers")
set(CPACK_PACKAGE_CONTACT "The backup developers <backup@example.net>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "backup of a Core Lightning node, change by change")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
	"A plugin makes each change of the node's SQLite database durable in an
append-only log, before lightningd commits it. Every version is kept: it can
be restored, mounted as a read-only file, compared with others, and queried.

The package has the plugin, the programs backup-cli and backup-fuse, and an
extension that lets sqlite3 read a log.")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "fuse3, libcurl4 | libcurl4t64 | libcurl3-gnutls | libcurl3t64-gnutls")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "sqlite3, openssh-client, prometheus-node-exporter-collectors")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
	"${PROJECT_SOURCE_DIR}/docs/debian/postinst;${PROJECT_SOURCE_DIR}/docs/debian/prerm;${PROJECT_SOURCE_DIR}/docs/debian/postrm")
set(CPACK_STRIP_FILES ON)
# So that what is installed knows where it will be: the prefix is the real one, beneath DESTDIR.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
include(CPack)
