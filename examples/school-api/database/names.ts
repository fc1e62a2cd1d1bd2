/** Given names, from many places, as a city school has them. */
export const GIVEN_NAMES = `
  Aaliyah Adam Aisha Alejandro Amara Anna Anton Ben Bruno Camille Carlos
  Chidi Chloe Clara Daniel David Diego Elena Elif Emil Emma Fatima Felix
  Finn Freya Grace Hana Hannah Hugo Ibrahim Ines Isaac Ivy Jack Jonas
  Julia Kaito Kofi Lars Layla Lea Leo Lina Lucas Mara Marco Maya Mei
  Milan Mina Nadia Nia Noah Nora Oliver Omar Oscar Paula Priya Rafael
  Ravi Rosa Ruth Samir Sara Sofia Sven Tara Theo Tomas Vera Yara Yusuf
  Zoe`
  .trim()
  .split(/\s+/)

/** Family names; a family of the seed shares one. */
export const FAMILY_NAMES = `
  Abara Adeyemi Ahmed Andersson Baker Banerjee Becker Bianchi Brown Castro
  Chen Cohen Costa Demir Dubois Eriksen Evans Fischer Fontaine Garcia Grant
  Haddad Hansen Hughes Ito Ivanova Jansen Jones Kamau Kaya Khan Kim Klein
  Kowalski Larsen Lee Lopez Marino Martin Mensah Meyer Moreau Murphy Nakamura
  Nguyen Novak Okafor Oliveira Osei Park Patel Petrov Quinn Rahman Reyes
  Rossi Roy Santos Schmidt Sharma Silva Singh Smith Suzuki Taylor Tran
  Turner Walker Weber Wilson Wright Yilmaz Young Zhang`
  .trim()
  .split(/\s+/)
