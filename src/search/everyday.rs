//! Everyday words for kinds of work, and the words that postings use: a search for lawyers also means attorneys.
//! Written by hand, single words, lower case. They are added to the typed word and never replace it.

/// Everyday words before the colon, postings' words after it.
const EVERYDAY: &str = "
    accounts bookkeeping books invoices: accounting accounts payable fiscal finance
    advertise advertising campaigns: marketing communications outreach
    animals cats dogs pets zoo: animal veterinary veterinarian
    art draw drawing paint: design graphic arts
    babies babysit babysitter kids nanny toddlers: children child youth childcare
    bar barista coffee cook cooking eat kitchen restaurant waiter waitress: food dining nutrition
    boss lead manage: manager supervisor
    buy buying shop shopping supplies: procurement purchasing inventory
    calls phone phones telephone: call customer reception
    camera film filming photo photos picture pictures shoot: photography video media
    care caring sick: health patient nursing
    cash money register: cashier finance fiscal budget
    chat people talk talking: customer outreach community
    clean cleaner cleaning tidy: custodial custodian janitor maintenance
    code coding program programming: software developer programmer
    computer computers laptops: information technology support technician
    court judge judges lawyer lawyers trials: attorney legal litigation counsel
    crime crimes police safe safety: enforcement investigator security
    dashboards database databases: data analyst analytics
    disease diseases: epidemiology disease communicable
    doctor doctors: physician medical clinician
    drive driver truck van: driver transportation vehicle
    electrician electrical wiring: electrician electrical
    elderly old: aging seniors
    emergencies emergency fire: emergency preparedness response
    energy climate green sustainability: environmental sustainability energy
    exercise gym sports: recreation athletics fitness
    fix fixing mend repair repairing: maintenance technician mechanic repair
    garden gardening nature plant plants tree trees: horticulture forestry environmental natural parks gardener forester
    heating plumbing: plumber stationary maintenance engineer
    hire hiring recruit: recruitment talent human resources personnel
    homeless poor shelter: homeless shelter housing social services
    illness mental suicide: mental behavioral psychology counseling
    inspect inspecting: inspector inspection compliance
    lab labs test tests: laboratory scientist
    language languages translate translator: interpreter translation bilingual
    library librarian: library librarian
    machine machines: mechanic operator machinist
    news newsletters press: communications press writer media
    numbers: data statistics analyst accounting
    nurse nurses: nurse nursing
    office paperwork: clerical administrative secretary
    plans planning: planner planning
    politicians officials elected: government intergovernmental legislative
    post posts instagram tiktok: social media
    residents neighbors neighborhood: community outreach constituent
    roads bridges streets: highway transportation civil engineer
    schools school teach teacher teaching: education teaching instructor tutor
    server servers network networks: network systems administrator infrastructure
    spreadsheet spreadsheets: excel data budget
    stats: statistics
    website websites: web developer
    write writing: writer editor communications
    young teens teenagers: youth adolescent
";

/// Other words that postings may use. Empty for most words.
pub fn related(word: &str) -> impl Iterator<Item = &'static str> + use<'_> {
    let groups = EVERYDAY.lines().filter_map(|line| line.split_once(':'));
    let group = move |(said, called): (&'static str, &'static str)| {
        said.split_ascii_whitespace()
            .any(|said| said == word)
            .then_some(called)
    };
    groups
        .filter_map(group)
        .flat_map(str::split_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::rows::words_of;

    #[test]
    fn everyday_words_are_folded_like_words() {
        let words = EVERYDAY.split([':', '\n', ' ']);
        for word in words.filter(|word| !word.is_empty()) {
            assert_eq!(words_of(word).trim(), word);
        }
        assert!(related("lawyers").any(|word| word == "attorney"));
        assert_eq!(related("attorney").count(), 0);
    }
}
