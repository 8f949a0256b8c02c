# cmake --install, find_package(psi_xlstm) and cpack -G DEB.
#
#   component    package            what
#   program      psi-xlstm          psi, its worker, the configs
#   trainer      psi-xlstm-trainer  psi_trainer (LibTorch)
#   development  psi-xlstm-dev      the library, its public headers, find_package
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(PSI_SHARE ${CMAKE_INSTALL_DATADIR}/psi_xlstm)
install(TARGETS psi psi_ngspice_worker RUNTIME COMPONENT program)
install(DIRECTORY configs DESTINATION ${PSI_SHARE} COMPONENT program)
install(PROGRAMS scripts/ngspice_osdi.sh DESTINATION ${PSI_SHARE} COMPONENT program)
install(FILES scripts/packages.sh DESTINATION ${PSI_SHARE} COMPONENT program)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
if(PSI_WITH_TRAINER)
  install(TARGETS psi_trainer RUNTIME COMPONENT trainer)
endif()

# Manual page and completions are printed by the program itself, so each build has its own.
set(PSI_PRINTED ${CMAKE_CURRENT_BINARY_DIR}/printed)
add_custom_command(TARGET psi POST_BUILD
  COMMAND ${CMAKE_COMMAND} -E make_directory ${PSI_PRINTED}
  COMMAND psi manual > ${PSI_PRINTED}/psi.1
  COMMAND psi completion bash > ${PSI_PRINTED}/psi
  COMMAND psi completion zsh > ${PSI_PRINTED}/_psi
  COMMAND psi completion fish > ${PSI_PRINTED}/psi.fish)
install(FILES ${PSI_PRINTED}/psi.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
install(FILES ${PSI_PRINTED}/psi DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  COMPONENT program)
install(FILES ${PSI_PRINTED}/_psi DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions
  COMPONENT program)
install(FILES ${PSI_PRINTED}/psi.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
  COMPONENT program)

set(PSI_CMAKE ${CMAKE_INSTALL_LIBDIR}/cmake/psi_xlstm)
install(TARGETS psi_xlstm EXPORT psi_xlstmTargets ARCHIVE COMPONENT development)
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(EXPORT psi_xlstmTargets NAMESPACE psi_xlstm:: DESTINATION ${PSI_CMAKE}
  COMPONENT development)
configure_package_config_file(packaging/psi_xlstmConfig.cmake.in psi_xlstmConfig.cmake
  INSTALL_DESTINATION ${PSI_CMAKE})
write_basic_package_version_file(psi_xlstmConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/psi_xlstmConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/psi_xlstmConfigVersion.cmake DESTINATION ${PSI_CMAKE}
  COMPONENT development)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME psi-xlstm)
set(CPACK_PACKAGE_CONTACT "psi-xlstm authors <psi-xlstm@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program development)
if(PSI_WITH_TRAINER)
  list(APPEND CPACK_COMPONENTS_ALL trainer)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION electronics)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME psi-xlstm)
# Loaded or called at run time, so no linker knows of them; gcc compiles models (OSDI).
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "libngspice0, gcc, libc6-dev, gnuplot-nox")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "adms")
set(CPACK_DEBIAN_TRAINER_PACKAGE_NAME psi-xlstm-trainer)
set(CPACK_DEBIAN_TRAINER_PACKAGE_DEPENDS "psi-xlstm (= ${PROJECT_VERSION}), libopenblas0-pthread")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME psi-xlstm-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "libceres-dev, libsundials-dev, libsuitesparse-dev, libssl-dev, libfmt-dev, zlib1g-dev")
include(CPack)
